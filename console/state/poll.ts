// Things that change on the desk are asked for again from time to time, with their tag, while somebody looks.

import { useEffect, useRef } from 'preact/hooks';
import { isThere } from './session';

export const usePoll = (run: (signal: AbortSignal) => Promise<unknown>, seconds: number, keys: unknown[]): void => {
	const last = useRef(run);
	last.current = run;
	useEffect(() => {
		const abort = new AbortController();
		let timer = 0;
		const turn = async (): Promise<void> => {
			clearTimeout(timer);
			if (document.visibilityState === 'visible' && isThere.value)
				await last.current(abort.signal).catch(() => {});
			if (!abort.signal.aborted)
				timer = window.setTimeout(turn, seconds * 1000);
		};
		const seen = (): void => { if (document.visibilityState === 'visible') void turn(); };
		const stop = isThere.subscribe(() => void turn());
		document.addEventListener('visibilitychange', seen);
		return () => {
			abort.abort();
			clearTimeout(timer);
			document.removeEventListener('visibilitychange', seen);
			stop();
		};
	}, keys);
};
