// The text of a ticket, its replies and what was done to it, in the order of their dates.
import type { Action, Post, Upload } from '../api/types';
import { gapOf, type Gap, type Thread } from './data';

export interface Text {
	kind: 'ticket' | 'post';
	id: number;
	author: number;
	content: string;
	date: string;
	modified: string | null;
	uploads: Upload[];
	isNew: boolean;
}

export type Said = { text: Text } | { action: Action };
export type Entry = Said | { gap: Gap };

interface Dated {
	at: number;
	order: number; // of those with the same date
	entry: Entry;
}

// These actions are not shown: each text says who wrote it, and its author follows the ticket.
const UNTOLD = new Set(['open', 'subscribe']);

const filesOf = (thread: Thread, owner: 'topic_id' | 'post_id', id: number): Upload[] => thread.uploads.filter(u => u[owner] === id);

const textOfTicket = (thread: Thread): Text => ({
	kind: 'ticket', id: thread.ticket.id, author: thread.ticket.started_id, content: thread.ticket.content, date: thread.ticket.date_added,
	modified: thread.ticket.date_modified, uploads: filesOf(thread, 'topic_id', thread.ticket.id), isNew: false,
});

const textOfPost = (thread: Thread, post: Post, isNew: boolean): Text => ({
	kind: 'post', id: post.id, author: post.user_id, content: post.content, date: post.data_added,
	modified: post.date_modified, uploads: filesOf(thread, 'post_id', post.id), isNew,
});

// Runs of pages that are not there; the last page always is.
const gapsOf = (thread: Thread): Gap[] => {
	const gaps: Gap[] = [];
	for (let page = 1; page < thread.pages; page++) {
		if (thread.posts.has(page))
			continue;
		const from = page;
		while (!thread.posts.has(page + 1) && page + 1 < thread.pages)
			page++;
		gaps.push(gapOf(from, page));
	}
	return gaps;
};

const dateOf = (posts: Post[] | undefined, at: 0 | -1, otherwise: number): number => {
	const post = posts?.at(at);
	return post ? Date.parse(post.data_added) : otherwise;
};

// Actions between hidden replies are hidden, too.
export const entriesOf = (thread: Thread, isNew: (post: Post) => boolean): Entry[] => {
	const seen = new Set<number>();
	const dated: Dated[] = [];
	for (const post of [...thread.posts.values()].flat())
		if (!seen.has(post.id)) {
			seen.add(post.id);
			dated.push({ at: Date.parse(post.data_added), order: post.id, entry: { text: textOfPost(thread, post, isNew(post)) } });
		}
	const hidden = gapsOf(thread).map(gap => ({
		gap, after: dateOf(thread.posts.get(gap.from - 1), -1, 0), before: dateOf(thread.posts.get(gap.to + 1), 0, Infinity),
	}));
	for (const { gap, after } of hidden)
		dated.push({ at: after, order: Infinity, entry: { gap } });
	for (const action of thread.actions) {
		const at = Date.parse(action.date);
		if (!UNTOLD.has(action.action) && !hidden.some(({ after, before }) => after < at && at < before))
			dated.push({ at, order: Infinity, entry: { action } });
	}
	dated.sort((a, b) => a.at - b.at || (a.order === b.order ? 0 : a.order - b.order));
	return [{ text: textOfTicket(thread) }, ...dated.map(({ entry }) => entry)];
};

// A gap, or what is drawn together, and passed over together while it is far from what is seen.
export type Part = { key: string; gap: Gap } | { key: string; said: Said[] };

const PER_PART = 10; // replies; a page is some parts

// A reply stays in its part when others are fetched: a gap counts as the replies that it stands for.
export const partsOf = (entries: Entry[]): Part[] => {
	const parts: Part[] = [];
	let replies = -1; // the first text is the ticket's
	for (const entry of entries) {
		if ('gap' in entry) {
			parts.push({ key: `gap${replies}`, gap: entry.gap });
			replies += entry.gap.replies;
			continue;
		}
		const last = parts.at(-1), isText = 'text' in entry;
		if (last && 'said' in last && !(isText && replies > 0 && replies % PER_PART === 0))
			last.said.push(entry);
		else
			parts.push({ key: `${isText ? 'from' : 'after'}${replies}`, said: [entry] });
		replies += Number(isText);
	}
	return parts;
};
