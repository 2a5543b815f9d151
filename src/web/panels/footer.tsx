/** With what and where the page computes. */
import type { PanelProps } from './panel.js';

export function Footer({ state: { slots } }: PanelProps) {
  const facts = slots.engine.value;
  return (
    <footer>
      {facts ? (
        <p>
          onnx-tailor {facts.versions['onnx-tailor']}, onnxruntime-web {facts.versions['onnxruntime-web']},{' '}
          {facts.threads === 1 ? 'one thread' : `${facts.threads} threads`}
          {facts.threads === 1 &&
            !facts.crossOriginIsolated &&
            ': more need a server that isolates the page (Cross-Origin-Opener-Policy and -Embedder-Policy)'}
          . Computed in this page; nothing is sent.
        </p>
      ) : (
        <p>Computed in this page; nothing is sent.</p>
      )}
      <p>
        After K. Hasegawa and I. Sato, “Exploring Weight Balancing on Long-Tailed Recognition Problem” (2024).
      </p>
    </footer>
  );
}
