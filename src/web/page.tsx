/** The page, top to bottom: a story in six steps. */
import { AdjustPanel } from './panels/adjust.js';
import { ChoosePanel } from './panels/choose.js';
import { DataPanel } from './panels/data.js';
import { DiagnosisPanel } from './panels/diagnosis.js';
import { Footer } from './panels/footer.js';
import { Header } from './panels/header.js';
import { ModelPanel } from './panels/model.js';
import { Navigation } from './panels/navigation.js';
import type { PanelProps } from './panels/panel.js';
import { ResultPanel } from './panels/result.js';

export function Page(props: PanelProps) {
  return (
    <>
      <a class="skip" href="#model">
        Skip to the model
      </a>
      <div class="page">
        <Header {...props} />
        <Navigation {...props} />
        <main>
          <ModelPanel {...props} />
          <DataPanel {...props} />
          <DiagnosisPanel {...props} />
          <AdjustPanel {...props} />
          <ChoosePanel {...props} />
          <ResultPanel {...props} />
        </main>
        <Footer {...props} />
      </div>
      <div class="unseen" role="status" aria-live="polite">
        {props.state.said}
      </div>
    </>
  );
}
