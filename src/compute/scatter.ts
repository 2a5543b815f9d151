/** Σ x xᵀ over many rows x, in float64 by onnxruntime. */
import { allocate } from '../array/allocate.js';
import { GraphBuilder } from '../onnx/build.js';
import { openSession, type Session, type SessionOptions } from '../runtime/session.js';

/** Numbers of rows in one run: 64 MB of float64. More is no faster. */
const CHUNK_NUMBERS = 2 ** 23;

/**
 * Columns are multiplied in blocks of about this width, and of the D/256 squared blocks of the result only those on and
 * above the diagonal: at D = 2048 (8 × 8 blocks) 1.7 times as fast as one whole product. At most MOST_BLOCKS a side.
 */
const BLOCK_WIDTH = 256;
const MOST_BLOCKS = 8;

/** Multiplications below which plain loops are faster than opening a session. */
const WORTH_A_SESSION = 2 ** 22;

/** Some columns of the rows that are being gathered. */
export interface ColumnBlock {
  /** First column, and how many. */
  readonly from: number;
  readonly width: number;
  /** Row-major [capacity, width]: to be filled before `add`. */
  readonly data: Float64Array;
}

/** A sum of outer products under way. */
export interface ScatterSum {
  /** Most rows that `add` takes at once. */
  readonly capacity: number;
  readonly blocks: readonly ColumnBlock[];
  /** Adds x xᵀ of the first `rows` rows of the blocks. DEVICE_UNAVAILABLE. */
  add(rows: number): Promise<void>;
  /** The sum, row-major [D, D], symmetric bit for bit. May be asked for once. */
  total(): Float64Array;
  release(): Promise<void>;
}

/** Options of `scatterSum`. */
export interface ScatterOptions extends SessionOptions {
  /** Rows in one run; default: as many as fit into 64 MB, never more than `rows`. */
  readonly chunk?: number;
}

/**
 * Begins a sum over `rows` rows (in total, as far as known) of `dimensions` numbers. On cpu unless another device is named.
 * LIMIT_EXCEEDED where there is no room for the result.
 */
export function scatterSum(
  dimensions: number,
  rows: number,
  { chunk, device = 'cpu', threads }: ScatterOptions = {},
): ScatterSum {
  const doing = 'Summing products of features';
  const capacity = Math.max(1, Math.min(rows, chunk ?? Math.floor(CHUNK_NUMBERS / dimensions)));
  const sum = allocate(Float64Array, dimensions * dimensions, doing);
  const blocks = blocksOf(dimensions).map(({ from, width }) => ({
    from,
    width,
    data: allocate(Float64Array, capacity * width, doing),
  }));
  const plain = device === 'cpu' && rows * dimensions * dimensions < WORTH_A_SESSION;
  let session: Session | undefined;
  return {
    capacity,
    blocks,
    async add(count) {
      if (plain) {
        addPlainly(sum, dimensions, blocks, count);
        return;
      }
      session ??= await openSession(scatterModel(blocks), { device, threads });
      const feeds = Object.fromEntries(
        blocks.map(({ data, width }, b) => [
          `x${b}`,
          { data: data.subarray(0, count * width), dims: [count, width] },
        ]),
      );
      const products = await session.run(feeds);
      for (const [i, p] of blocks.entries()) {
        for (const [j, q] of blocks.entries()) {
          if (j >= i) addBlock(sum, dimensions, p, q, products[`y${i}_${j}`].data as Float64Array);
        }
      }
    },
    total() {
      mirror(sum, dimensions);
      return sum;
    },
    async release() {
      await session?.release();
    },
  };
}

function blocksOf(dimensions: number): { from: number; width: number }[] {
  const count = Math.min(MOST_BLOCKS, Math.max(1, Math.round(dimensions / BLOCK_WIDTH)));
  const width = Math.ceil(dimensions / count);
  const blocks = [];
  for (let from = 0; from < dimensions; from += width) {
    blocks.push({ from, width: Math.min(width, dimensions - from) });
  }
  return blocks;
}

/** y_ij = x_iᵀ x_j for blocks i ≤ j. */
function scatterModel(blocks: readonly ColumnBlock[]): Uint8Array {
  const g = new GraphBuilder();
  const x = blocks.map(({ width }, b) => g.input(`x${b}`, 'float64', ['n', width]));
  for (let i = 0; i < x.length; i++) {
    for (let j = i; j < x.length; j++) {
      const product = g.gemm(x[i], x[j], undefined, { transA: 1 });
      g.output(product, `y${i}_${j}`, 'float64', [blocks[i].width, blocks[j].width]);
    }
  }
  return g.build();
}

function addBlock(sum: Float64Array, n: number, p: ColumnBlock, q: ColumnBlock, product: Float64Array): void {
  for (let i = 0; i < p.width; i++) {
    const to = (p.from + i) * n + q.from;
    const from = i * q.width;
    for (let j = 0; j < q.width; j++) sum[to + j] += product[from + j];
  }
}

/** The reference of the graph, and the faster way for little work: small problems have one block. */
function addPlainly(sum: Float64Array, n: number, blocks: readonly ColumnBlock[], count: number): void {
  const row = new Float64Array(n);
  for (let r = 0; r < count; r++) {
    for (const { from, width, data } of blocks) row.set(data.subarray(r * width, (r + 1) * width), from);
    for (let i = 0; i < n; i++) {
      const x = row[i];
      if (x === 0) continue;
      for (let j = i; j < n; j++) sum[i * n + j] += x * row[j];
    }
  }
}

/** The upper triangle is the sum: a block on the diagonal is not symmetric to the last bit. */
function mirror(sum: Float64Array, n: number): void {
  // By tiles: a whole column at a time would miss the cache with every number.
  const tile = 32;
  for (let top = 0; top < n; top += tile) {
    for (let left = top; left < n; left += tile) {
      for (let i = top; i < Math.min(n, top + tile); i++) {
        for (let j = Math.max(left, i + 1); j < Math.min(n, left + tile); j++) {
          sum[j * n + i] = sum[i * n + j];
        }
      }
    }
  }
}
