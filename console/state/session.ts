// Who is logged in. A session that ended meanwhile does not take the page away: the login is asked for above it,
// so that what was typed stays.

import { computed, signal } from '@preact/signals';
import { ask, forget, get, listen } from '../api/client';
import type { Right, Session } from '../api/types';

export const session = signal<Session | null>(null); // null: not known yet
export const isLost = signal(false);
export const isReached = signal(true);

export const me = computed(() => session.value?.user ?? null);
export const hasRight = (right: Right): boolean => session.value?.rights.includes(right) ?? false;

const tabs = new BroadcastChannel('flicket-session');

export const begin = async (): Promise<void> => {
	session.value = await get<Session>('session');
};

export const logIn = async (username: string, password: string, remember: boolean): Promise<void> => {
	const before = me.value?.id;
	const next = await ask<Session>('POST', 'session', { body: { username, password, remember } });
	if (before !== next.user?.id)
		forget();
	session.value = next;
	isLost.value = false;
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
		void begin().then(() => { isLost.value = false; });
};

listen({
	lost: () => { isLost.value = me.value !== null; },
	reached: yes => { isReached.value = yes; },
});
