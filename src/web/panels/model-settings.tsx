/** What the model does not say of itself: names of its classes, and how pictures become its inputs. */
import type { TargetedSubmitEvent } from 'preact';
import type { PanelProps } from './panel.js';

export function ModelSettingsForm({ state, actions }: PanelProps) {
  const facts = state.slots.model.value?.facts;
  const { drafts } = state;
  const names = drafts.classNames ?? facts?.classNames?.join('\n') ?? '';
  const preprocess = drafts.preprocess ?? (facts?.preprocess ? JSON.stringify(facts.preprocess) : '');
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const lines = names.split(/\r?\n/).map((line) => line.trim());
    while (lines.at(-1) === '') lines.pop();
    let parsed: object | undefined;
    try {
      parsed = preprocess.trim() === '' ? undefined : (JSON.parse(preprocess) as object);
    } catch (error) {
      actions.draft({ preprocessProblem: `The preprocessing is not JSON: ${(error as Error).message}` });
      return;
    }
    actions.reopenModel({
      output: facts?.head?.output,
      ...(lines.length > 0 && { classNames: lines }),
      ...(parsed && { preprocess: parsed }),
    });
  };
  return (
    <details>
      <summary>Class names, preprocessing of pictures</summary>
      <form class="form" onSubmit={submit}>
        <label for="class-names">Class names in class order, one a line</label>
        <textarea
          id="class-names"
          rows={4}
          value={names}
          onInput={(event) => actions.draft({ classNames: event.currentTarget.value })}
        />
        <label for="preprocess">Preprocessing, JSON; only folders of pictures need it</label>
        <textarea
          id="preprocess"
          rows={3}
          spellcheck={false}
          placeholder='{"size": [224, 224], "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}'
          value={preprocess}
          aria-describedby={drafts.preprocessProblem ? 'preprocess-problem' : undefined}
          onInput={(event) => actions.draft({ preprocess: event.currentTarget.value, preprocessProblem: '' })}
        />
        {drafts.preprocessProblem && (
          <p id="preprocess-problem" class="trouble" role="alert">
            {drafts.preprocessProblem}
          </p>
        )}
        <div class="buttons">
          <button type="submit" class="little">
            Open the model again with these
          </button>
        </div>
      </form>
    </details>
  );
}
