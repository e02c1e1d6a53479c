// A ticket with all that hangs on it. Its replies come in pages: of a long thread the first and the last page are
// shown, and what is between is fetched when it is asked for.

import { useState } from 'preact/hooks';
import { ask, get, type Problem } from '../api/client';
import type { Action, History, Included, List, Post, Subscription, Ticket, Upload, User } from '../api/types';
import { meet, meetAll, person } from '../state/lookups';
import { usePoll } from '../state/poll';
import { asProblem } from '../ui/field';

const SECONDS = 10;
export const PAGE = 50;
const FIELDS = 'id,title,content,status_id,assigned_id,started_id,category_id,ticket_priority_id,last_updated,date_added,'
	+ 'date_modified,modified_id,replies,hours,unread';
const INCLUDED = 'users,actions,uploads,subscriptions';

export interface Thread {
	ticket: Ticket;
	etag: string;
	posts: Map<number, Post[]>; // by page, from 1
	pages: number;
	total: number;
	actions: Action[];
	uploads: Upload[];
	subscriptions: Subscription[];
}

const ticketPath = (id: number): string => `ticket/${id}?fields=${FIELDS}&include=${INCLUDED}`;
const postsPath = (id: number, page: number): string =>
	`posts/${id}/${page}/?per_page=${PAGE}&fields=id,ticket_id,user_id,content,data_added,date_modified,hours,modified_id`;

// The authors of replies that nobody has told of yet.
const meetAuthors = async (posts: Post[], signal?: AbortSignal): Promise<void> => {
	const unknown = [...new Set(posts.map(post => post.user_id))].filter(id => !person(id));
	if (unknown.length)
		meet((await get<List<User>>(`users/?ids=${unknown.join(',')}&per_page=100`, signal)).items);
};

const fetchPosts = async (id: number, page: number, signal?: AbortSignal): Promise<List<Post>> => {
	const answer = await get<List<Post>>(postsPath(id, page), signal);
	await meetAuthors(answer.items, signal);
	return answer;
};

const fetchThread = async (id: number, before: Thread | null, signal?: AbortSignal): Promise<Thread> => {
	const [ticket, first] = await Promise.all([
		get<Ticket & { included: Included }>(ticketPath(id), signal), fetchPosts(id, 1, signal)]);
	const pages = Math.max(1, first._meta.total_pages);
	const posts = new Map([...before?.posts ?? []].filter(([page]) => page <= pages)).set(1, first.items);
	if (pages > 1)
		posts.set(pages, (await fetchPosts(id, pages, signal)).items);
	const { included, ...rest } = ticket;
	meetAll(included);
	return {
		ticket: rest as Ticket, etag: '', posts, pages, total: first._meta.total_items,
		actions: included.actions ?? [], uploads: included.uploads ?? [], subscriptions: included.subscriptions ?? [],
	};
};

export const allPosts = (thread: Thread): Post[] =>
	[...thread.posts].sort(([a], [b]) => a - b).flatMap(([, posts]) => posts);

export const newestPost = (thread: Thread): number => Math.max(0, ...(thread.posts.get(thread.pages) ?? []).map(post => post.id));

export const useThread = (id: number) => {
	const [thread, setThread] = useState<Thread | null>(null);
	const [problem, setProblem] = useState<Problem | null>(null);
	const load = async (signal?: AbortSignal): Promise<void> => {
		try {
			const next = await fetchThread(id, thread, signal);
			if (signal?.aborted)
				return;
			setThread(next);
			setProblem(null);
		} catch (reason) {
			if (!signal?.aborted)
				setProblem(asProblem(reason));
		}
	};
	const loadPage = async (page: number): Promise<void> => {
		const answer = await fetchPosts(id, page);
		setThread(before => before && { ...before, posts: new Map(before.posts).set(page, answer.items) });
	};
	usePoll(load, SECONDS, [id]);
	return { thread, problem, load: () => load(), loadPage };
};

export const fetchHistories = async (of: { topic_id: number } | { post_id: number }): Promise<History[]> => {
	const query = new URLSearchParams(Object.entries(of).map(([name, value]) => [name, String(value)]));
	return (await get<List<History>>(`histories/?per_page=100&${query}`)).items;
};

export const markSeen = (id: number, post: number): Promise<unknown> =>
	ask('PUT', `ticket/${id}/seen`, { body: { post_id: post } });
