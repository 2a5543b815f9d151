/** What the page is for, and the shortest way to see it work. */
import { Status } from '../parts/status.js';
import type { PanelProps } from './panel.js';

export function Header({ state: { slots }, actions }: PanelProps) {
  return (
    <header>
      <h1>onnx-tailor</h1>
      <p class="verdict">Make a classifier treat rare classes as well as frequent ones</p>
      <p class="lead">
        Drop an .onnx model and some labelled samples. See what class imbalance did to its last layer, move a
        slider or let it be chosen for you, and download the corrected model, proven by running both.
      </p>
      <p class="promise">
        Nothing leaves this machine: model and data are read by this page and sent nowhere.
      </p>
      <div class="buttons">
        <button type="button" onClick={() => actions.loadSample()} disabled={Boolean(slots.sample.busy)}>
          Try it with a sample
        </button>
        <span class="muted">
          A network for ten kinds of pictures, the rarest with a hundredth of the samples.
        </span>
      </div>
      <Status slot={slots.sample} onCancel={() => actions.cancel('sample')} />
      <Status slot={slots.engine} />
    </header>
  );
}
