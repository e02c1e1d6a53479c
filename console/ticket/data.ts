// A ticket with all that hangs on it. Its replies come in pages: a long thread shows its end, and the page fetches earlier
// replies when the reader asks for them.

import { useRef, useState } from 'preact/hooks';
import { ask, get, tagOf, type Problem } from '../api/client';
import type { Action, History, Included, List, Post, Subscription, Ticket, Upload, User } from '../api/types';
import { meet, meetAll, person } from '../state/lookups';
import { usePoll } from '../state/poll';
import { asProblem } from '../ui/field';

const SECONDS = 10;
const PAGE = 50;
const WHOLE = 100; // up to so many replies are all shown
const PAGES_AT_ONCE = 10;
const FIELDS = 'id,title,content,status_id,assigned_id,started_id,category_id,ticket_priority_id,last_updated,date_added,'
	+ 'date_modified,modified_id,replies,hours,unread';
const INCLUDED = 'users,actions,uploads,subscriptions';

type Pages = ReadonlyMap<number, Post[]>; // from 1

export interface Thread {
	body: TicketBody; // the answer that the rest was made of
	ticket: Ticket;
	etag: string | undefined;
	posts: Pages;
	pages: number;
	total: number;
	actions: Action[];
	uploads: Upload[];
	subscriptions: Subscription[];
}

export type TicketBody = Ticket & { included: Included };

export const ticketPath = (id: number): string => `ticket/${id}?fields=${FIELDS}&include=${INCLUDED}`;
const postsPath = (id: number, page: number): string =>
	`posts/${id}/${page}/?per_page=${PAGE}&fields=id,ticket_id,user_id,content,data_added,date_modified,hours,modified_id`;

// Fetches the authors whose names are not known yet. If that fails, the page shows their numbers.
const meetAuthors = async (posts: Post[], signal?: AbortSignal): Promise<void> => {
	const unknown = [...new Set(posts.map(post => post.user_id))].filter(id => !person(id));
	if (unknown.length)
		await get<List<User>>(`users/?ids=${unknown.join(',')}&per_page=100`, signal).then(answer => meet(answer.items), () => {});
};

const fetchPosts = async (id: number, page: number, signal?: AbortSignal): Promise<List<Post>> => {
	const answer = await get<List<Post>>(postsPath(id, page), signal);
	await meetAuthors(answer.items, signal);
	return answer;
};

const range = (from: number, to: number): number[] => Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);

// The pages that are shown without being asked for: everything, or the last 50 to 99.
const endOf = (total: number, pages: number): number[] =>
	range(total <= WHOLE ? 1 : total % PAGE ? pages - 1 : pages, pages);

// The end of the thread and, if `all`, every other page that is shown. A page in the middle changes only by an edit, or
// if a reply before it was deleted.
const fetchPages = async (id: number, before: Thread | null, all: boolean, signal?: AbortSignal) => {
	const known = before?.pages ?? 1;
	const first = await fetchPosts(id, known, signal);
	const pages = Math.max(1, first._meta.total_pages), total = first._meta.total_items;
	const isShifted = before !== null && total < before.total;
	const kept = [...before?.posts ?? []].filter(([page]) => page <= pages);
	const posts = new Map(isShifted ? [] : kept);
	const wanted = new Set(endOf(total, pages));
	if (all || isShifted)
		kept.forEach(([page]) => wanted.add(page));
	await Promise.all([...wanted].map(async page =>
		posts.set(page, page === known ? first.items : (await fetchPosts(id, page, signal)).items)));
	return { posts, pages, total };
};

// The page that was the last may be gone with its last reply; if more are gone, the thread begins anew.
const fetchKnown = async (id: number, before: Thread | null, all: boolean, signal?: AbortSignal) => {
	const without = (known: Thread | null) => (reason: unknown) => {
		if (!before || asProblem(reason).status !== 404)
			throw reason;
		return fetchPages(id, known, all, signal);
	};
	const shorter = before && before.pages > 1 ? { ...before, pages: before.pages - 1 } : null;
	return fetchPages(id, before, all, signal).catch(without(shorter)).catch(without(null));
};

const fetchTicket = async (id: number, signal?: AbortSignal): Promise<{ body: TicketBody; etag: string | undefined }> => {
	const path = ticketPath(id), body = await get<TicketBody>(path, signal);
	return { body, etag: tagOf(path) };
};

const isSame = (a: Thread, b: Thread): boolean => a.body === b.body && a.total === b.total && a.posts.size === b.posts.size
	&& [...b.posts].every(([page, posts]) => a.posts.get(page) === posts);

const fetchThread = async (id: number, before: Thread | null, all: boolean, signal?: AbortSignal): Promise<Thread> => {
	const [body, pages] = await Promise.all([
		fetchTicket(id, signal),
		fetchKnown(id, before, all, signal),
	]);
	const { included, ...ticket } = body.body;
	if (before?.body !== body.body)
		meetAll(included);
	const next = {
		...body, ticket: ticket as Ticket, ...pages,
		actions: included.actions ?? [], uploads: included.uploads ?? [], subscriptions: included.subscriptions ?? [],
	};
	return before && isSame(before, next) ? before : next;
};

export const allPosts = (thread: Thread): Post[] =>
	[...thread.posts].sort(([a], [b]) => a - b).flatMap(([, posts]) => posts);

export const newestPost = (thread: Thread): number => Math.max(0, ...(thread.posts.get(thread.pages) ?? []).map(post => post.id));

// Pages from one to another that are missing, the last ones, as many as are fetched at once.
const lastMissing = (thread: Thread, from: number, to: number): number[] =>
	range(from, to).filter(page => !thread.posts.has(page)).slice(-PAGES_AT_ONCE);

// How many replies are before those that are shown, and how many of them come at once.
export interface Gap {
	from: number; // pages
	to: number;
	replies: number;
	atOnce: number;
}

export const gapOf = (from: number, to: number): Gap =>
	({ from, to, replies: (to - from + 1) * PAGE, atOnce: Math.min(to - from + 1, PAGES_AT_ONCE) * PAGE });

export const useThread = (id: number) => {
	const [thread, setThread] = useState<Thread | null>(null);
	const [problem, setProblem] = useState<Problem | null>(null);
	const latest = useRef<Thread | null>(null);
	const turn = useRef({ begun: 0, shown: 0 });
	const show = (next: Thread): void => { latest.current = next; setThread(next); };
	const load = async (all: boolean, signal?: AbortSignal): Promise<void> => {
		const own = ++turn.current.begun;
		const isLate = (): boolean => signal?.aborted === true || own < turn.current.shown;
		try {
			const next = await fetchThread(id, latest.current, all, signal);
			if (isLate())
				return;
			turn.current.shown = own;
			show(next);
			setProblem(null);
		} catch (reason) {
			if (!isLate())
				setProblem(asProblem(reason));
		}
	};
	const addPages = (pages: (readonly [number, Post[]])[]): void => {
		if (latest.current)
			show({ ...latest.current, posts: new Map([...latest.current.posts, ...pages]) });
	};
	const fill = async ({ from, to }: Gap): Promise<void> => addPages(await Promise.all(
		lastMissing(latest.current!, from, to).map(async page => [page, (await fetchPosts(id, page)).items] as const)));
	// The page of a reply, by halving: replies are in the order of their ids.
	const find = async (post: number): Promise<boolean> => {
		for (let low = 1, high = latest.current?.pages ?? 0; low <= high;) {
			const middle = low + high >> 1;
			const { items } = await fetchPosts(id, middle);
			if (items.some(item => item.id === post)) {
				addPages([[middle, items]]);
				return true;
			}
			if (items.length === 0 || items[0]!.id > post)
				high = middle - 1;
			else
				low = middle + 1;
		}
		return false;
	};
	// The id of the first reply after `post`, or 0. The reply `post` may have been deleted.
	const findAfter = async (post: number): Promise<number> => {
		let low = 1;
		for (let high = latest.current?.pages ?? 1; low < high;) {
			const middle = low + high >> 1;
			const { items } = await fetchPosts(id, middle);
			if ((items.at(-1)?.id ?? 0) > post)
				high = middle;
			else
				low = middle + 1;
		}
		const { items } = await fetchPosts(id, low);
		addPages([[low, items]]);
		return items.find(item => item.id > post)?.id ?? 0;
	};
	usePoll(signal => load(false, signal), SECONDS, [id]);
	const stable = useRef({ load: () => load(true), fill, find, findAfter, current: () => latest.current! });
	return { thread, problem, ...stable.current };
};

export const fetchHistories = async (of: { topic_id: number } | { post_id: number }): Promise<History[]> => {
	const query = new URLSearchParams(Object.entries(of).map(([name, value]) => [name, String(value)]));
	const { items, included } = await get<List<History>>(`histories/?per_page=100&${query}`);
	meetAll(included);
	return items;
};

export const markSeen = (id: number, post: number): Promise<unknown> =>
	ask('PUT', `ticket/${id}/seen`, { body: { post_id: post } });
