/** Loads onnxruntime, so that nothing is asked of the network afterwards. */
import { linearHead } from '../../../array/linear-head.js';
import { matrix } from '../../../array/matrix.js';
import { headLogits } from '../../../compute/head-logits.js';
import { listDevices, runtimeVersions } from '../../../runtime/devices.js';
import type { EngineFacts } from '../protocol.js';
import type { Session } from '../session.js';

/** Runs the smallest head there is: WebAssembly and, where there are some, its threads are then there. */
export async function start({ where }: Session): Promise<EngineFacts> {
  await headLogits(
    linearHead(new Float32Array([1]), new Float32Array(1), 1, 1),
    matrix(new Float32Array(1), 1, 1),
    where,
  );
  return {
    versions: await runtimeVersions(),
    devices: await listDevices(),
    threads: where.threads ?? 1,
    crossOriginIsolated: globalThis.crossOriginIsolated === true,
  };
}
