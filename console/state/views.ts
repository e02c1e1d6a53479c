// The lists at the side: those that every desk has, then those that were saved.

import { computed, signal } from '@preact/signals';
import { ask, get, Problem } from '../api/client';
import type { List, View } from '../api/types';
import type { Key } from '../i18n/t';
import type { IconName } from '../ui/icon';
import { closedId, openIds } from './lookups';

export interface Standard {
	key: string; // behind «g»
	name: Key;
	query: string;
	icon: IconName;
}

export const standard = computed<Standard[]>(() => {
	const open = `status_id=${openIds.value.join(',')}`;
	return [
		{ key: 'm', name: 'view.mine', query: `assigned_id=me&${open}`, icon: 'inbox' },
		{ key: 'u', name: 'view.unassigned', query: `assigned_id=unassigned&${open}`, icon: 'unassigned' },
		{ key: 'o', name: 'view.open', query: open, icon: 'open' },
		{ key: 'n', name: 'view.unread', query: `${open}&unread=me`, icon: 'unread' },
		{ key: 'r', name: 'view.reported', query: 'created_id=me', icon: 'reported' },
		{ key: 'f', name: 'view.followed', query: `subscriber_id=me&${open}`, icon: 'followed' },
		{ key: 'd', name: 'view.closed', query: `status_id=${closedId.value}`, icon: 'closed' },
		{ key: 'e', name: 'view.all', query: '', icon: 'list' },
	];
});

export const saved = signal<View[]>([]);
export const counts = signal<Map<string, number>>(new Map());

// The desk works without them: what cannot be had is not shown.
const missing = (reason: unknown): null => {
	if (reason instanceof Problem && reason.status === 404)
		return null;
	throw reason;
};

export const loadViews = async (): Promise<void> => {
	saved.value = (await get<List<View>>('views/?per_page=100').catch(missing))?.items ?? [];
};

const queries = (): string[] => [...standard.value, ...saved.value].map(view => view.query);

// One request for all of them; the answer has the order of the question.
export const countViews = async (signal?: AbortSignal): Promise<void> => {
	const asked = queries();
	const question = new URLSearchParams(asked.map(query => ['views', query]));
	const answer = await get<{ views: (number | null)[] }>(`tickets/counts?${question}`, signal).catch(missing);
	// a view whose list would be refused has no count
	counts.value = new Map(asked.map((query, i) => [query, answer?.views[i]] as const)
		.filter((count): count is [string, number] => typeof count[1] === 'number'));
};

export const saveView = async (name: string, query: string, shared: boolean): Promise<void> => {
	await ask('POST', 'views/', { body: { name, query, shared } });
	await loadViews();
	await countViews();
};

export const deleteView = async (id: number): Promise<void> => {
	await ask('DELETE', `view/${id}`);
	await loadViews();
};
