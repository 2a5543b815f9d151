// Where and with what a benchmark ran.

import { cpus, totalmem } from 'node:os';
import { runtimeVersions } from 'onnx-tailor';

/** @param {number} threads */
export async function machineFacts(threads) {
  const list = cpus();
  const { sharp: _sharp, platform: _platform, ...versions } = await runtimeVersions();
  return {
    date: new Date().toISOString().slice(0, 10),
    cpu: list[0]?.model.trim() ?? 'unknown',
    cores: list.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    platform: `${process.platform}-${process.arch}`,
    threads,
    versions,
  };
}

/** One line for people. @param {Awaited<ReturnType<typeof machineFacts>>} facts */
export function describeMachine({ date, cpu, cores, memoryGiB, platform, threads, versions }) {
  const list = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `${date}; ${cpu}, ${cores} cores, ${memoryGiB} GiB, ${platform}; ${threads} threads; ${list.join(', ')}`;
}
