// How much of a ticket its reader has seen. The desk keeps that for the lists. This browser keeps the newest reply that was
// shown, for the line above those that came later.

import { useEffect, useRef, useState } from 'preact/hooks';
import { mayWrite, me } from '../state/session';
import { guarded } from '../state/storage';
import { countViews } from '../state/views';
import { markSeen, newestPost, type Thread } from './data';

const MOST = 500; // tickets

const keyOf = (): string => `flicket-seen:${me.value?.id}`;

const kept = (): [number, number][] => {
	const pairs = guarded(() => JSON.parse(localStorage.getItem(keyOf()) ?? '[]') as [number, number][]);
	return Array.isArray(pairs) ? pairs : [];
};

const keep = (ticket: number, post: number): void => {
	const others = kept().filter(([id]) => id !== ticket).slice(1 - MOST);
	guarded(() => localStorage.setItem(keyOf(), JSON.stringify([...others, [ticket, post]])));
};

// The newest reply when the reader was here last; 0 if nothing is known. It stays while the page is open.
export const useSeen = (thread: Thread | null): { before: number; catchUp: () => void } => {
	const [before, setBefore] = useState(0);
	const told = useRef(-1);
	const [isVisible, setVisible] = useState(document.visibilityState === 'visible');
	useEffect(() => {
		const onChange = (): void => setVisible(document.visibilityState === 'visible');
		document.addEventListener('visibilitychange', onChange);
		return () => document.removeEventListener('visibilitychange', onChange);
	}, []);
	useEffect(() => {
		if (!thread || !isVisible)
			return;
		const newest = newestPost(thread), { id } = thread.ticket;
		if (told.current === -1)
			setBefore(kept().find(([ticket]) => ticket === id)?.[1] ?? 0);
		if (told.current === newest)
			return;
		told.current = newest;
		keep(id, newest);
		if (mayWrite())
			markSeen(id, newest).then(() => thread.ticket.unread ? countViews() : undefined).catch(() => {});
	}, [thread, isVisible]);
	// After a reply of one's own nothing above it is new.
	const catchUp = (): void => setBefore(told.current);
	return { before, catchUp };
};
