/** Long computations on this thread: timers and clicks, an abort among them, only come through while it rests. */
import { platform } from '#platform';

/** Seconds of work between two rests. */
const WORK = 0.05;

/** Lets the event loop turn when 50 ms have passed since it last did: call it, awaited, between pieces of work. */
export function restBetween(): () => Promise<void> {
  let rested = platform.seconds();
  return async () => {
    if (platform.seconds() - rested <= WORK) return;
    await new Promise((resolve) => setTimeout(resolve, 0));
    rested = platform.seconds();
  };
}
