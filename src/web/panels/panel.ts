/** What every panel is given: what to show, and what can be asked for. A panel keeps nothing itself. */
import type { Actions } from '../actions/actions.js';
import type { State } from '../state.js';

export interface PanelProps {
  readonly state: State;
  readonly actions: Actions;
}
