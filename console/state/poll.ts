// Things that change on the desk are asked for again from time to time, with their tag, while somebody looks.

import { useLayoutEffect, useRef } from 'preact/hooks';
import { Problem } from '../api/client';
import { isThere } from './session';

const SOONEST = 2; // s, doubled with each turn that failed

const retryAfter = (reason: unknown): number => reason instanceof Problem ? reason.retryAfter : 0;

// Asks at once, then `seconds` after each answer; sooner after a failure, unless the desk says when. It waits while the
// page is hidden, the session has ended or the network is gone, and goes on by itself. The first request is sent before
// the page is painted.
export const usePoll = (run: (signal: AbortSignal) => Promise<unknown>, seconds: number, keys: unknown[]): void => {
	const last = useRef(run);
	last.current = run;
	useLayoutEffect(() => {
		const abort = new AbortController();
		let timer = 0, failures = 0, isRunning = false;
		const turn = async (): Promise<void> => {
			clearTimeout(timer);
			if (isRunning || document.visibilityState !== 'visible' || !isThere.value)
				return;
			isRunning = true;
			let pause = seconds;
			try {
				await last.current(abort.signal);
				failures = 0;
			} catch (reason) {
				pause = retryAfter(reason) || Math.min(seconds, SOONEST * 2 ** failures++);
			}
			isRunning = false;
			if (!abort.signal.aborted)
				timer = window.setTimeout(turn, pause * 1000);
		};
		const wake = (): void => void turn();
		const stop = isThere.subscribe(wake);
		document.addEventListener('visibilitychange', wake);
		return () => {
			abort.abort();
			clearTimeout(timer);
			document.removeEventListener('visibilitychange', wake);
			stop();
		};
	}, keys);
};
