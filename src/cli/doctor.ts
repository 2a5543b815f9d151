/** `onnx-tailor doctor`: what works on this machine, what does not, why, and what to do. */
import { Command } from 'commander';
import { listDevices, runtimeVersions } from '../runtime/devices.js';
import type { Terminal } from './terminal.js';

export function doctorCommand(terminal: Terminal): Command {
  return new Command('doctor').action(async () => {
    const [devices, versions] = await Promise.all([listDevices(), runtimeVersions()]);
    const lines = [
      'Devices',
      ...devices.map(
        ({ device, available, reason, software }) =>
          `  ${available ? (software ? '~' : '✓') : '✗'} ${device.padEnd(7)} ${reason}`,
      ),
      '',
      'Versions',
      ...Object.entries(versions).map(([name, version]) => `  ${name.padEnd(18)} ${version}`),
    ];
    terminal.finish({ devices, versions }, lines.join('\n'));
  });
}
