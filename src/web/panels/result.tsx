/** 6: the model that was made, the proof, and the files to take away. */
import { useMemo } from 'preact/hooks';
import { evaluationTables } from '../../report/answer-tables.js';
import { shortSource } from '../../report/content.js';
import { tilesOf, verdictOf } from '../../report/verdict.js';
import { figure, isolate, percent } from '../../report/words.js';
import type { MadeModel, ReportResult } from '../engine/protocol.js';
import { Download } from '../parts/download.js';
import { Notes, Tile } from '../parts/facts.js';
import { ReportTable, WorkerPlot } from '../parts/markup.js';
import { Empty, Section } from '../parts/section.js';
import { Status } from '../parts/status.js';
import type { Slot } from '../state.js';
import { bytesWords } from '../words.js';
import { contentOfMade } from './made-content.js';
import type { PanelProps } from './panel.js';

export function ResultPanel({ state: { slots }, actions }: PanelProps) {
  const slot = slots.made;
  return (
    <Section id="result" number={6} title="Prove and download" busy={Boolean(slot.busy)}>
      <Status slot={slot} onCancel={() => actions.cancel('made')} />
      {slot.value ? (
        <Made made={slot.value} report={slots.report} actions={actions} />
      ) : (
        !slot.busy && (
          <Empty>
            Nothing was made yet. “Make this model” in 4 or “Choose for me” in 5 writes the new head into a
            copy of the model, runs both, and compares what they answer.
          </Empty>
        )
      )}
    </Section>
  );
}

interface MadeProps {
  readonly made: MadeModel;
  readonly report: Slot<ReportResult>;
  readonly actions: PanelProps['actions'];
}

function Made({ made, report, actions }: MadeProps) {
  const { verdict, tiles, tables } = useMemo(() => {
    const content = contentOfMade(made);
    return { verdict: verdictOf(content), tiles: tilesOf(content), tables: evaluationTables(content) };
  }, [made]);
  return (
    <>
      <p class="verdict">{isolate(verdict.line)}</p>
      <p class="lead">{isolate(verdict.lead)}</p>
      <dl class="tiles">
        {tiles.map((tile) => (
          <Tile key={tile.name} {...tile} />
        ))}
      </dl>
      <div class="columns">
        <Files made={made} report={report} actions={actions} />
        <div class="stack">
          {tables.map((table) => (
            <ReportTable key={table.title} table={table} />
          ))}
        </div>
      </div>
      <Notes notes={made.notes} />
      <div class="plots">
        {made.plots.map((plot) => (
          <WorkerPlot key={plot.name} plot={plot} place="result" />
        ))}
      </div>
    </>
  );
}

function Files({ made, report, actions }: MadeProps) {
  const { file, sideFiles, sha256, bytes, verification, command, commandFiles } = made;
  return (
    <div class="stack">
      <div>
        <h3>The model</h3>
        <div class="buttons">
          <Download file={file} primary>
            Download {isolate(file.name)}
          </Download>
        </div>
        <p class="note">
          {bytesWords(bytes)}, sha256 <code class="hash">{sha256}</code>
        </p>
        {sideFiles.length > 0 && (
          <>
            <p>Its weights are in files of their own, which belong beside it:</p>
            <div class="buttons">
              {sideFiles.map((side) => (
                <Download key={side.name} file={side}>
                  {isolate(side.name)}
                </Download>
              ))}
            </div>
          </>
        )}
        <p class="proof">
          Proof: the written model and the prediction were compared on {figure(verification.samples)} samples
          ({shortSource(verification.inputs)}). Same answer on {percent(verification.argmaxAgreement)},
          largest difference of a logit {figure(verification.maxAbsLogitDifference)} (allowed{' '}
          {figure(verification.tolerance)}
          ).
        </p>
      </div>
      <div>
        <h3>The report</h3>
        <Status slot={report} onCancel={() => actions.cancel('report')} />
        {report.value && (
          <div class="buttons">
            <Download file={report.value.html}>As a page (.html)</Download>
            <Download file={report.value.markdown}>As text (.md)</Download>
          </div>
        )}
      </div>
      {command && (
        <div>
          <h3>The same without this page</h3>
          <p>This command writes the same file, byte for byte, in the folder of your files.</p>
          <pre>
            <code>{command}</code>
          </pre>
          <div class="buttons">
            <button type="button" class="little" onClick={() => copy(command, actions.say)}>
              Copy
            </button>
            {commandFiles.map((one) => (
              <Download key={one.name} file={one} small>
                {one.name}
              </Download>
            ))}
          </div>
        </div>
      )}
    </div>
  );
}

async function copy(text: string, say: (words: string) => void): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    say('Copied.');
  } catch {
    say('The browser does not let this page copy. Select the text and copy it.');
  }
}
