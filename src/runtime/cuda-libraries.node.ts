/** Which libraries CUDA's provider lacks here, by file name, and where each comes from. */
import { missingLibraries } from './elf.node.js';

/** Where a library comes from: the driver, a package of NVIDIA's apt repository, or a wheel of PyPI (`pip install`). */
const SOURCES: readonly (readonly [RegExp, (major: string) => string])[] = [
  [/^libcuda\.so/, () => "comes with NVIDIA's driver"],
  [/^libcudnn/, (major) => `cuDNN ${major}: apt libcudnn${major}-cuda-12, or pip nvidia-cudnn-cu12`],
  [/^libcublas/, (major) => `cuBLAS: apt libcublas-${major}-*, or pip nvidia-cublas-cu${major}`],
  [
    /^libcudart/,
    (major) => `CUDA ${major}: apt cuda-cudart-${major}-*, or pip nvidia-cuda-runtime-cu${major}`,
  ],
  [/^libcufft/, () => 'cuFFT: apt libcufft-12-*, or pip nvidia-cufft-cu12'],
  [/^libcurand/, () => 'cuRAND: apt libcurand-12-*, or pip nvidia-curand-cu12'],
  [/^libnvrtc/, (major) => `NVRTC: apt cuda-nvrtc-${major}-*, or pip nvidia-cuda-nvrtc-cu${major}`],
  [/^libonnxruntime_providers_shared/, () => 'comes with the provider: fetch both'],
];

/** One line for a library: its name, and how to get it. */
export function howToGet(name: string): string {
  const major = name.match(/\.so\.(\d+)/)?.[1] ?? '12';
  const source = SOURCES.find(([pattern]) => pattern.test(name))?.[1](major);
  return source ? `${name} (${source})` : name;
}

/** What a provider library lacks, as a reason; undefined when all that it needs is found. */
export function missingForCuda(provider: string): string | undefined {
  const missing = missingLibraries(provider);
  if (missing.length === 0) return undefined;
  return (
    `${missing.length === 1 ? 'a library is' : 'libraries are'} missing: ${missing.map(howToGet).join('; ')}. ` +
    'Where they lie in a folder of their own (that of a wheel is site-packages/nvidia/*/lib), put it on LD_LIBRARY_PATH'
  );
}
