// The lists at the side: those that every desk has, then those that were saved.

import { computed, signal } from '@preact/signals';
import { ask, get } from '../api/client';
import type { View } from '../api/types';
import type { Key } from '../i18n/t';
import type { IconName } from '../ui/icon';
import { all, closedId, openIds } from './lookups';
import { hasRight, mayWrite, me } from './session';

export interface Standard {
	key: string; // behind «g»
	name: Key;
	query: string;
	icon: IconName;
}

const AT_ONCE = 20; // views that one request counts

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

export const standardView = (name: string): Standard => standard.value.find(view => view.name === `view.${name}`)!;

export const saved = signal<View[]>([]);
export const counts = signal<Map<string, number>>(new Map());

export const mayChange = (view: View): boolean => mayWrite() && (view.user_id === me.value!.id || hasRight('admin'));

// The desk counts them again once they have changed.
export const loadViews = async (): Promise<void> => {
	saved.value = (await all<View>('views/')).sort((a, b) => a.position - b.position || a.id - b.id);
};

// What a list is sorted by does not change how many there are.
const counted = (query: string): string => {
	const filters = new URLSearchParams(query);
	filters.delete('sort');
	return filters.toString();
};

// A list that the desk would refuse has no count.
const countOf = async (queries: string[], signal?: AbortSignal): Promise<[string, number][]> => {
	const question = new URLSearchParams(queries.map(query => ['views', counted(query)]));
	const { views } = await get<{ views: (number | null)[] }>(`tickets/counts?${question}`, signal);
	return queries.flatMap((query, i): [string, number][] => typeof views[i] === 'number' ? [[query, views[i]]] : []);
};

// The answer has the order of the question.
export const countViews = async (signal?: AbortSignal): Promise<void> => {
	const queries = [...new Set([...standard.value, ...saved.value].map(view => view.query))];
	const parts = Array.from({ length: Math.ceil(queries.length / AT_ONCE) }, (_, i) => queries.slice(i * AT_ONCE, (i + 1) * AT_ONCE));
	const answers = await Promise.all(parts.map(part => countOf(part, signal)));
	counts.value = new Map(answers.flat());
};

export const saveView = async (name: string, query: string, shared: boolean): Promise<void> => {
	await ask('POST', 'views/', { body: { name, query, shared } });
	await loadViews();
};

export const changeView = async (id: number, changes: Partial<Pick<View, 'name' | 'query' | 'shared' | 'position'>>): Promise<void> => {
	await ask('PATCH', `view/${id}`, { body: changes });
	await loadViews();
};

// The lists that the user may change, with one of them moved by some places.
const moved = (id: number, by: number): View[] => {
	const own = saved.value.filter(mayChange), at = own.findIndex(view => view.id === id);
	const [view] = own.splice(at, 1);
	own.splice(Math.max(0, at + by), 0, view!);
	return own;
};

let turn = Promise.resolve();

// Gives the lists positions in their new order, each at most once, and those of others in between stay where they are.
// One move begins when the one before is done.
export const moveView = (id: number, by: number): Promise<void> => {
	const move = async (): Promise<void> => {
		const places = saved.value.filter(mayChange).map(view => view.position), order = moved(id, by);
		let least = 0;
		for (const [i, view] of order.entries()) {
			const position = Math.max(least, places[i]!);
			least = position + 1;
			if (view.position !== position)
				await ask('PATCH', `view/${view.id}`, { body: { position } });
		}
		await loadViews();
	};
	const done = turn.then(move);
	turn = done.catch(() => {});
	return done;
};

export const deleteView = async (id: number): Promise<void> => {
	await ask('DELETE', `view/${id}`);
	await loadViews();
};
