/** Puts page, state and worker together. */
import { render } from 'preact';
import { createActions } from './actions/actions.js';
import { startEngine } from './engine/client.js';
import { droppedFiles } from './files/dropped.js';
import { Page } from './page.js';
import { loadSample } from './sample/sample.js';
import { initialState } from './state.js';
import { createStore } from './store.js';
import { adoptStyles } from './styles.js';

adoptStyles(document);
const store = createStore(initialState());
const actions = createActions({ store, engine: startEngine(), sample: loadSample, showResult });
const root = document.getElementById('page')!;

let isQueued = false;
const draw = () => {
  isQueued = false;
  render(<Page state={store.state} actions={actions} />, root);
};
store.subscribe(() => {
  if (isQueued) return;
  isQueued = true;
  // Not a frame: those do not come while the page is hidden.
  queueMicrotask(draw);
});
root.replaceChildren();
draw();
actions.start();

// A file that misses its place must not take the place of the page.
window.addEventListener('dragover', (event) => event.preventDefault());
window.addEventListener('drop', (event) => {
  event.preventDefault();
  if (event.dataTransfer) actions.takeFiles(droppedFiles(event.dataTransfer));
});

function showResult(): void {
  document.getElementById('result-title')?.focus({ preventScroll: true });
  const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
  document.getElementById('result')?.scrollIntoView({ behavior: calm ? 'auto' : 'smooth' });
}
