// The changes that a list makes to a ticket, or to many with a request for each.

import { ask, get, Problem, wait } from '../api/client';
import type { List, Ticket, User } from '../api/types';
import { filtersOf } from './query';

export type Change = (id: number) => Promise<unknown>;

const does = (what: string, body: object = {}): Change => id => ask('POST', `ticket/${id}/${what}`, { body });

export const assignTo = (user: number): Change => does('assign', { user_id: user });
export const assign = (user: User): Change => assignTo(user.id);
export const claim = does('claim');
export const close = does('close');
export const release = does('release');
export const setStatus = (status: number): Change => does('status', { status_id: status });
export const setPriority = (priority: number): Change => does('priority', { ticket_priority_id: priority });
export const setCategory = (category: number): Change => does('category', { category_id: category });

// The ways to put a ticket back as it was. A closed one is opened by a reply only.
type Undo = (before: Ticket) => Promise<unknown>;

export const restoreStatus: Undo = before => setStatus(before.status_id)(before.id);
export const restorePriority: Undo = before => setPriority(before.ticket_priority_id)(before.id);
export const restoreCategory: Undo = before => setCategory(before.category_id)(before.id);
// A new assignee changes the status, too.
export const restoreAssignee: Undo = async before => {
	const after = await (before.assigned_id === null ? release : assignTo(before.assigned_id))(before.id) as Ticket;
	if (after.status_id !== before.status_id)
		await restoreStatus(before);
};

export interface Act {
	name: string;
	run: Change;
	undo?: Undo;
}

export interface Outcome {
	changed: Ticket[];
	same: number; // tickets that already were as wanted
	refused: { ticket: Ticket; problem: Problem }[];
	left: Ticket[]; // not tried, as the user stopped or the desk did not answer
	stopped: Problem | null;
}

const AT_ONCE = 4;
const WALK = 100; // tickets that one request lists

// The desk may ask for patience with so many requests. Stopped meanwhile, the change is not tried again.
const patiently = async (run: () => Promise<unknown>, signal: AbortSignal): Promise<void> => {
	for (;;)
		try {
			await run();
			return;
		} catch (reason) {
			if (!(reason instanceof Problem) || reason.status !== 429 || signal.aborted)
				throw reason;
			await wait(reason.retryAfter || 1, signal).catch(() => { throw reason; });
		}
};

// A fault of the desk or the session, not of a ticket: the next one would fail as well.
const isGeneral = (problem: Problem): boolean => [0, 401, 429, 503].includes(problem.status);

export const runAll = async (tickets: Ticket[], run: (ticket: Ticket) => Promise<unknown>, onStep: (done: number) => void,
	stop: AbortController): Promise<Outcome> => {
	const outcome: Outcome = { changed: [], same: 0, refused: [], left: [], stopped: null };
	let next = 0, done = 0;
	const one = async (ticket: Ticket): Promise<void> => {
		try {
			await patiently(() => run(ticket), stop.signal);
			outcome.changed.push(ticket);
		} catch (reason) {
			const problem = reason instanceof Problem ? reason : new Problem(0, String(reason), 'bug');
			if (isGeneral(problem)) {
				outcome.left.push(ticket);
				outcome.stopped ??= problem;
				stop.abort();
			} else if (problem.code === 'already_so')
				outcome.same++;
			else
				outcome.refused.push({ ticket, problem });
		}
		onStep(++done);
	};
	const worker = async (): Promise<void> => {
		while (next < tickets.length && !stop.signal.aborted)
			await one(tickets[next++]!);
	};
	await Promise.all(Array.from({ length: AT_ONCE }, worker));
	outcome.left.push(...tickets.slice(next));
	return outcome;
};

// Every ticket that the filters find, as it is before the change: a change may take it out of the list.
export const findAll = async (query: URLSearchParams, onStep: (found: number) => void, signal: AbortSignal): Promise<Ticket[]> => {
	const found: Ticket[] = [];
	for (let cursor: string | null = ''; cursor !== null;) {
		const request = filtersOf(query);
		request.set('per_page', String(WALK));
		request.set('fields', 'id,title,status_id,assigned_id,ticket_priority_id,category_id');
		request.set('cursor', cursor);
		const page: List<Ticket> & { _links?: { next?: string | null } } = await get(`tickets/?${request}`, signal);
		found.push(...page.items);
		onStep(found.length);
		const next: string | null | undefined = page._links?.next;
		cursor = next ? new URL(next, location.href).searchParams.get('cursor') : null;
	}
	return found;
};
