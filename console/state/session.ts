// Who is logged in. A session that ended meanwhile does not take the page away: the login is asked for above it,
// so that what was typed stays.

import { computed, effect, signal } from '@preact/signals';
import { ask, forget, get, listen } from '../api/client';
import type { Right, Session } from '../api/types';

export const session = signal<Session | null>(null); // null: not known yet
export const isLost = signal(false);
export const isReached = signal(true);

export const me = computed(() => session.value?.user ?? null);
export const hasRight = (right: Right): boolean => session.value?.rights.includes(right) ?? false;

// Whether the session may change anything at all.
export const mayWrite = (): boolean => !(session.value?.read_only ?? true);
export const mayMove = (): boolean => mayWrite() && (session.value?.features.change_category ?? false);

const tabs = new BroadcastChannel('flicket-session');

// A session that has ended while its page is open is a loss; the page stays.
export const begin = async (): Promise<void> => {
	const next = await get<Session>('session');
	if (me.value && !next.user)
		isLost.value = true;
	else
		enter(next);
};

// The next user must not get the answers to the one before.
const enter = (next: Session): void => {
	if (me.value?.id !== next.user?.id)
		forget();
	session.value = next;
	isLost.value = false;
};

export const logIn = async (username: string, password: string, remember: boolean): Promise<void> => {
	enter(await ask<Session>('POST', 'session', { body: { username, password, remember } }));
	tabs.postMessage('in');
};

const leave = (): void => {
	forget();
	if (session.value)
		session.value = { ...session.value, user: null, rights: [] };
	isLost.value = false;
};

export const logOut = async (): Promise<void> => {
	await ask('DELETE', 'session');
	leave();
	tabs.postMessage('out');
};

tabs.onmessage = (event: MessageEvent<'in' | 'out'>) => {
	if (event.data === 'out')
		leave();
	else
		void begin().catch(() => {});
};

listen({
	lost: () => { isLost.value = me.value !== null; },
	reached: yes => { isReached.value = yes; },
});

// While the desk does not answer it is asked from time to time, and at once when the browser has a network again.
const PROBE_MS = 3000;
let probe = 0;

const askAgain = (): void => void begin().catch(() => {});

effect(() => {
	clearInterval(probe);
	if (!isReached.value)
		probe = setInterval(askAgain, PROBE_MS);
});
addEventListener('online', askAgain);
addEventListener('offline', () => { isReached.value = false; });

// Changes to true when there is somebody to ask anew after a while without.
export const isThere = computed(() => isReached.value && !isLost.value);
