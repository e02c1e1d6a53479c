// The tickets of a list. When the desk has news, the rows change in place; an answer that would move them waits until
// the user asks for it.

import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { ask, noteOf, type Problem } from '../api/client';
import type { Included, List as Answer, Ticket } from '../api/types';
import { categories, loadLookups, meetAll } from '../state/lookups';
import { usePoll } from '../state/poll';
import { arrived, returning } from '../state/router';
import { me } from '../state/session';
import { asProblem } from '../ui/field';
import { focusTicket, holdFocus, leaveRows } from './cursor';
import { lastList } from './last';
import { listAt, requestOf } from './query';

const SECONDS = 20;
const KEPT = 12;

export interface Shown {
	key: string;
	items: Ticket[];
	total: number;
	pages: number;
	note: string; // the desk's note on the search
}

// Lists that were shown, so that Back finds them at once.
const kept = new Map<string, Shown>();

const keep = (shown: Shown): void => {
	kept.delete(shown.key);
	kept.set(shown.key, shown);
	if (kept.size > KEPT)
		kept.delete(kept.keys().next().value!);
};

const fetchList = async (query: URLSearchParams, signal?: AbortSignal): Promise<[Omit<Shown, 'key'>, Included | undefined]> => {
	const path = requestOf(query), answer = await ask<Answer<Ticket>>('GET', path, { signal, attempts: 1 });
	return [{ items: answer.items, total: answer._meta.total_items, pages: answer._meta.total_pages, note: noteOf(path) }, answer.included];
};

const isSame = (a: Ticket, b: Ticket): boolean => JSON.stringify(a) === JSON.stringify(b);

// The old order with the new state of each ticket. A ticket that has not changed stays the same object: its row is not
// drawn again.
const renewed = (old: Ticket[], fresh: Ticket[]): Ticket[] => {
	const byId = new Map(fresh.map(ticket => [ticket.id, ticket]));
	return old.map(ticket => {
		const next = byId.get(ticket.id);
		return next && !isSame(ticket, next) ? next : ticket;
	});
};

const inNewOrder = (old: Ticket[], fresh: Ticket[]): Ticket[] => {
	const byId = new Map(old.map(ticket => [ticket.id, ticket]));
	return fresh.map(ticket => {
		const before = byId.get(ticket.id);
		return before && isSame(before, ticket) ? before : ticket;
	});
};

const hasSameRows = (a: Ticket[], b: Ticket[]): boolean => a.length === b.length && a.every((ticket, i) => ticket.id === b[i]!.id);

const useShown = (key: string) => {
	const [shown, setShown] = useState<Shown | null>(() => kept.get(key) ?? null);
	const now = useRef(shown);
	const settle = useRef(() => {});
	useLayoutEffect(() => { settle.current(); settle.current = () => {}; }, [shown]);
	const show = (next: Shown): void => {
		settle.current = now.current && now.current.key !== next.key ? leaveRows() : holdFocus();
		now.current = next;
		keep(next);
		setShown(next);
		lastList.ids = next.items.map(ticket => ticket.id);
	};
	return { shown, now, show };
};

// Restores scroll and focus after Back, once the page has taken the focus for itself.
const useReturn = (isShown: boolean, query: URLSearchParams): void => useEffect(() => {
	if (!isShown)
		return;
	lastList.url = listAt(query);
	const { opened } = lastList;
	lastList.opened = 0;
	if (returning)
		queueMicrotask(arrived);
	else if (opened)
		queueMicrotask(() => focusTicket(opened));
}, [isShown, query.toString()]);

const meetCategories = (items: Ticket[]): void => {
	if (items.some(ticket => !categories.value.some(c => c.category_id === ticket.category_id)))
		void loadLookups().catch(() => {});
};

export const useList = (query: URLSearchParams) => {
	const key = `${me.value?.id}?${query}`;
	const { shown, now, show } = useShown(key);
	const [waiting, setWaiting] = useState<Shown | null>(null);
	const [problem, setProblem] = useState<Problem | null>(null);
	const wanted = useRef(key), settled = useRef('');
	wanted.current = key;

	const take = (next: Shown, isWanted: boolean): void => {
		const before = now.current?.key === key ? now.current : null;
		const moves = before && !hasSameRows(before.items, next.items);
		if (before && moves && !isWanted) {
			setWaiting(next);
			show({ ...before, items: renewed(before.items, next.items), total: next.total, pages: next.pages });
			return;
		}
		setWaiting(null);
		show({ ...next, items: inNewOrder(before?.items ?? [], next.items) });
	};
	const load = async (signal?: AbortSignal, isWanted = false): Promise<void> => {
		try {
			const [answer, included] = await fetchList(query, signal), next = { key, ...answer };
			if (wanted.current !== key)
				return;
			meetAll(included); // and in the same turn the rows, so that each is drawn once
			take(next, isWanted || settled.current !== key);
			if (settled.current !== key)
				meetCategories(next.items);
			settled.current = key;
			setProblem(null);
		} catch (reason) {
			const found = asProblem(reason);
			if (!signal?.aborted && wanted.current === key && found.status !== 401)
				setProblem(found);
			throw reason;
		}
	};
	useLayoutEffect(() => {
		setProblem(null);
		setWaiting(null);
		settled.current = '';
		const before = kept.get(key);
		if (before && now.current?.key !== key)
			show(before);
	}, [key]);
	usePoll(load, SECONDS, [key]);
	useReturn(shown?.key === key, query);
	return {
		shown, problem, waiting,
		isOld: shown !== null && shown.key !== key,
		showWaiting: () => { if (waiting) { setWaiting(null); show(waiting); } },
		// after something was done here
		refresh: () => void load(undefined, true).catch(() => {}),
	};
};
