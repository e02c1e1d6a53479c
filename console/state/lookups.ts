// Small lists that every page needs, and the people who were met so far.

import { computed, signal } from '@preact/signals';
import { get } from '../api/client';
import type { Category, Department, Included, List, Priority, Status, User } from '../api/types';
import { guarded } from './storage';

export const statuses = signal<Status[]>([]);
export const priorities = signal<Priority[]>([]);
export const categories = signal<Category[]>([]);
export const departments = computed<Department[]>(() => {
	const seen = new Map<number, string>();
	for (const c of categories.value)
		seen.set(c.department_id, c.department);
	return [...seen].map(([id, department]) => ({ id, department }));
});

const MOST = 5000; // people who are remembered
const PAGE = 100;
const people = new Map<number, User>();
const met = signal(0);

const isKnown = (user: User): boolean => JSON.stringify(people.get(user.id)) === JSON.stringify(user);

// What shows people is drawn again only if there is something new about one.
export const meet = (users: User[] = []): void => {
	const isNews = !users.every(isKnown);
	for (const user of users) {
		people.delete(user.id);
		people.set(user.id, user);
	}
	while (people.size > MOST)
		people.delete(people.keys().next().value!);
	if (isNews)
		met.value++;
};

export const meetAll = (included: Included | undefined): void => meet(included?.users);

export const person = (id: number | null): User | undefined => {
	void met.value;
	return id === null ? undefined : people.get(id);
};

export const all = async <Item>(path: string): Promise<Item[]> => {
	const first = await get<List<Item>>(`${path}?per_page=${PAGE}`);
	const rest = Array.from({ length: Math.max(0, first._meta.total_pages - 1) },
		(_, i) => get<List<Item>>(`${path}?per_page=${PAGE}&page=${i + 2}`));
	return [first, ...await Promise.all(rest)].flatMap(list => list.items);
};

// The API cannot change these lists: a tab asks for them once in a while.
const FRESH_MS = 10 * 60 * 1000;

const constant = async <Item>(path: string): Promise<Item[]> => {
	const name = `flicket-${path}`;
	const kept = guarded(() => JSON.parse(sessionStorage.getItem(name) ?? 'null') as { at: number; items: Item[] } | null);
	if (kept && Date.now() - kept.at < FRESH_MS)
		return kept.items;
	const items = await all<Item>(path);
	guarded(() => sessionStorage.setItem(name, JSON.stringify({ at: Date.now(), items })));
	return items;
};

export const loadLookups = async (): Promise<void> => {
	const [s, p, c] = await Promise.all([constant<Status>('statuses/'), constant<Priority>('priorities/'),
		all<Category>('department_categories/')]);
	statuses.value = s;
	priorities.value = p;
	categories.value = c;
};

// Statuses have no property that says what they mean; Flicket's names do, and an import brings them along.
const meaning = (name: string): number => statuses.value.find(s => s.status.toLowerCase() === name)?.id ?? 0;
export const closedId = computed(() => meaning('closed'));
export const openIds = computed(() => statuses.value.filter(s => s.id !== closedId.value).map(s => s.id));
