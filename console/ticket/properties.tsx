// The side of a ticket: who has it, how it stands, who follows it. Each control is one request, which is done only if
// nobody has changed the same thing since it was shown.

import { useEffect, useReducer, useRef, useState } from 'preact/hooks';
import { ask } from '../api/client';
import type { Ticket } from '../api/types';
import { t } from '../i18n/t';
import { categories, closedId, priorities, statuses } from '../state/lookups';
import { useKeys, type Binding } from '../state/keys';
import { mayMove, mayWrite, me } from '../state/session';
import { complain, say } from '../state/toasts';
import { asProblem, explain } from '../ui/field';
import { Confirm, Dialog } from '../ui/dialog';
import { Icon } from '../ui/icon';
import { nameOf, Person } from '../ui/person';
import { CategoryPicker, PersonPicker } from '../ui/pickers';
import { priorityName, statusName } from '../ui/pill';
import { changeSeen, Overtaken, type Headers } from './change';
import { ticketPath, type Thread, type TicketBody } from './data';
import { useMedia } from './media';
import { mayClose, mayEdit, mayRelease, mayUnfollow } from './rights';

type Member = 'assigned_id' | 'status_id' | 'ticket_priority_id' | 'category_id' | 'hours' | 'replies';

const categoryName = (id: number): string => categories.value.find(c => c.category_id === id)?.department_category ?? `#${id}`;

// What a member is now, in words.
const told: Record<Member, (now: Ticket) => string> = {
	assigned_id: now => t('overtaken.assignee', { now: nameOf(now.assigned_id) }),
	status_id: now => t('overtaken.status', { now: statusName(now.status_id) }),
	ticket_priority_id: now => t('overtaken.priority', { now: priorityName(now.ticket_priority_id) }),
	category_id: now => t('overtaken.category', { now: categoryName(now.category_id) }),
	hours: now => t('overtaken.hours', { now: now.hours }),
	replies: now => t('overtaken.replies', { n: now.replies }),
};

interface Change {
	sees: Member[];
	path: string; // behind «ticket/ID»
	method?: 'POST' | 'PATCH';
	body: object;
	done: string;
}

// Changes of the ticket, one after the other. After each of them, done or refused, the page shows the ticket as it is.
const useChanges = (current: () => Thread, onChange: () => Promise<void>) => {
	const turn = useRef(Promise.resolve());
	const waiting = useRef(new Set<string>());
	const [, draw] = useReducer((turns: number) => turns + 1, 0);
	const perform = async (what: () => Promise<unknown>, done: string): Promise<void> => {
		const was = document.activeElement?.closest<HTMLElement>('.properties');
		try {
			await what();
			await onChange();
			say(done);
		} catch (reason) {
			await onChange();
			draw(undefined); // the control shows what was chosen, also if the ticket is as it was
			const problem = asProblem(reason);
			if (problem.status !== 401) // then the login is asked for above the page
				complain(reason instanceof Overtaken ? `${reason.message} ${t('overtaken.kept')}` : explain(problem));
		}
		requestAnimationFrame(() => { // the button that was pressed may be gone
			if (was && document.activeElement === document.body)
				was.focus();
		});
	};
	// A change that is asked for again before it is done is done once.
	const run = (name: string, what: () => Promise<unknown>, done: string): void => {
		if (waiting.current.has(name))
			return;
		waiting.current.add(name);
		turn.current = turn.current.then(() => perform(what, done)).finally(() => waiting.current.delete(name));
	};
	const change = ({ sees, path, method = 'POST', body, done }: Change): void => run(`${path} ${JSON.stringify(body)}`, async () => {
		const { body: thing, etag, ticket } = current();
		try {
			await changeSeen<TicketBody>({ path: ticketPath(ticket.id), thing, etag }, sees,
				(headers: Headers) => ask(method, `ticket/${ticket.id}${path}`, { body, headers }));
		} catch (reason) {
			if (reason instanceof Overtaken) {
				const { now } = reason as Overtaken<TicketBody>;
				reason.message = sees.filter(member => now[member] !== thing[member]).map(member => told[member](now)).join(' ');
			}
			throw reason;
		}
	}, done);
	return { run, change };
};

type Changes = ReturnType<typeof useChanges>;

// The page asks before it takes a ticket away from somebody else.
const useClaim = ({ ticket }: Thread, { change }: Changes) => {
	const [isAsking, setAsking] = useState(false);
	const { id, assigned_id: assigned } = ticket;
	const done = t('done.claimed', { id: String(id) });
	const claim = (force: boolean): void => {
		setAsking(false);
		change({ sees: ['assigned_id'], path: '/claim', body: force ? { force } : {}, done });
	};
	const take = (): void => {
		if (assigned === me.value!.id)
			say(done);
		else if (assigned === null)
			claim(false);
		else
			setAsking(true);
	};
	const confirm = isAsking && (
		<Confirm title={t('action.claim')} text={t('claim.text', { name: nameOf(assigned) })} yes={t('claim.yes')}
			onNo={() => setAsking(false)} onYes={() => claim(true)} />
	);
	return { take, confirm };
};

// The page asks before a key closes the ticket: elsewhere the same key opens a new one.
const useClose = ({ ticket }: Thread, { change }: Changes) => {
	const [isAsking, setAsking] = useState(false);
	const close = (): void => {
		setAsking(false);
		change({ sees: ['status_id', 'replies'], path: '/close', body: {}, done: t('done.closed_here', { id: String(ticket.id) }) });
	};
	const askFirst = (): void => {
		if (ticket.status_id === closedId.value)
			say(t('close.is_closed'));
		else if (mayClose(ticket))
			setAsking(true);
		else
			complain(t('close.may_not'));
	};
	const confirm = isAsking && (
		<Confirm title={t('action.close')} text={t('close.text', { id: String(ticket.id), title: ticket.title })} yes={t('action.close')}
			onYes={close} onNo={() => setAsking(false)} />
	);
	return { close, askFirst, confirm };
};

interface Part {
	thread: Thread;
	changes: Changes;
	isFixed: boolean;
}

const Status = ({ thread: { ticket }, changes, isFixed, onClose }: Part & { onClose: () => void }) => (
	<div class="field">
		<label for="status">{t('ticket.status')}</label>
		<select id="status" value={ticket.status_id} disabled={isFixed} onChange={event => {
			const status = Number(event.currentTarget.value);
			if (status === closedId.value)
				onClose();
			else
				changes.change({ sees: ['status_id'], path: '/status', body: { status_id: status }, done: t('done.saved') });
		}}>
			{statuses.value.filter(s => s.id !== closedId.value || ticket.status_id === s.id || mayClose(ticket))
				.map(s => <option key={s.id} value={s.id}>{s.status}</option>)}
		</select>
	</div>
);

const Priority = ({ thread: { ticket }, changes, isFixed }: Part) => (
	<div class="field">
		<label for="priority">{t('ticket.priority')}</label>
		<select id="priority" value={ticket.ticket_priority_id} disabled={isFixed} onChange={event => changes.change({
			sees: ['ticket_priority_id'], path: '/priority', body: { ticket_priority_id: Number(event.currentTarget.value) }, done: t('done.saved'),
		})}>
			{priorities.value.map(p => <option key={p.id} value={p.id}>{p.priority}</option>)}
		</select>
	</div>
);

const Category = ({ thread: { ticket }, changes, isFixed }: Part) => mayMove() && !isFixed
	? <CategoryPicker value={ticket.category_id} onChoose={id => id !== ticket.category_id && changes.change({
		sees: ['category_id'], path: '/category', body: { category_id: id }, done: t('done.saved'),
	})} />
	: <div><h2>{t('ticket.category')}</h2><p>{categoryName(ticket.category_id)}</p></div>;

const Hours = ({ thread: { ticket }, changes, isFixed }: Part) => {
	const save = (event: Event): void => {
		const input = event.currentTarget as HTMLInputElement;
		if (input.reportValidity() && Number(input.value) !== Number(ticket.hours))
			changes.change({ sees: ['hours'], path: '', method: 'PATCH', body: { hours: Number(input.value) }, done: t('done.saved') });
	};
	if (!mayEdit(ticket.started_id) || isFixed)
		return Number(ticket.hours) > 0 ? <div><h2>{t('ticket.hours')}</h2><p>{ticket.hours}</p></div> : null;
	return (
		<div class="field">
			<label for="hours">{t('ticket.hours')}</label>
			<input id="hours" type="number" min="0" step="0.01" max="99999999.99" required value={ticket.hours} onChange={save} />
		</div>
	);
};

const Assignee = ({ thread: { ticket }, changes, isFixed, onTake, onAssign }: Part & { onTake: () => void; onAssign: () => void }) => {
	const release = (): void => changes.change({ sees: ['assigned_id'], path: '/release', body: {}, done: t('done.released') });
	return (
		<div>
			<h2>{t('ticket.assignee')}</h2>
			<p><Person id={ticket.assigned_id} /></p>
			{!isFixed && <p class="buttons">
				{ticket.assigned_id !== me.value!.id && <button type="button" onClick={onTake}>{t('action.claim')}</button>}
				<button type="button" onClick={onAssign}>{t('action.assign')}</button>
				{ticket.assigned_id !== null && mayRelease(ticket) && (
					<button type="button" onClick={release}>{t('action.release')}</button>
				)}
			</p>}
		</div>
	);
};

const Followers = ({ thread: { subscriptions }, changes, isGone, onFollow, onAdd }: Omit<Part, 'isFixed'> & { isGone: boolean; onFollow: () => void; onAdd: () => void }) => (
	<div>
		<h2>{t('ticket.followers')}</h2>
		<ul class="followers">{subscriptions.map(s => (
			<li key={s.id}><Person id={s.user_id} />
				{!isGone && mayUnfollow(s.user_id) && s.user_id !== me.value!.id && (
					<button type="button" class="plain" aria-label={t('follower.remove', { name: nameOf(s.user_id) })}
						onClick={() => changes.run(`drop ${s.id}`, () => ask('DELETE', `subscription/${s.id}`), t('done.unfollowed_by', { name: nameOf(s.user_id) }))}>
						<Icon name="close" />
					</button>
				)}</li>
		))}</ul>
		{mayWrite() && !isGone && <p class="buttons">
			<button type="button" onClick={onFollow}>
				{subscriptions.some(s => s.user_id === me.value!.id) ? t('action.unfollow') : t('action.follow')}
			</button>
			<button type="button" onClick={onAdd}>{t('follower.add')}</button>
		</p>}
	</div>
);

const Chooser = ({ title, label, value, onChoose, onClose }: {
	title: string; label: string; value: number | null; onChoose: (id: number, name: string) => void; onClose: () => void;
}) => (
	<Dialog title={title} onClose={onClose}>
		<PersonPicker label={label} value={value} autofocus onChoose={user => { onClose(); onChoose(user.id, user.name); }} />
	</Dialog>
);

interface Props {
	thread: Thread;
	current: () => Thread; // as it is at the moment of a request
	isGone: boolean;
	onChange: () => Promise<void>;
	onReply: () => void;
}

export const Properties = ({ thread, current, isGone, onChange, onReply }: Props) => {
	const { ticket, subscriptions } = thread;
	const [choosing, setChoosing] = useState<'assignee' | 'follower' | null>(null);
	const changes = useChanges(current, onChange);
	const claiming = useClaim(thread, changes), closing = useClose(thread, changes);
	const isClosed = ticket.status_id === closedId.value;
	const isFixed = isClosed || isGone || !mayWrite();
	const isWide = useMedia('(min-width: 1001px)');
	const details = useRef<HTMLDetailsElement>(null);
	const own = subscriptions.find(s => s.user_id === me.value!.id);
	useEffect(() => { if (details.current) details.current.open = false; }, [isWide]);
	const follow = (): void => own
		? changes.run('follow', () => ask('DELETE', `subscription/${own.id}`), t('done.unfollowed'))
		: changes.run('follow', () => ask('POST', 'subscriptions/', { body: { ticket_id: ticket.id, user_id: me.value!.id } }), t('done.followed'));
	const assign = (id: number, name: string): void =>
		changes.change({ sees: ['assigned_id'], path: '/assign', body: { user_id: id }, done: t('done.assigned', { name }) });
	const addFollower = (id: number, name: string): void =>
		changes.run(`add ${id}`, () => ask('POST', 'subscriptions/', { body: { ticket_id: ticket.id, user_id: id } }), t('done.followed_by', { name }));
	const focus = (selector: string): void => {
		if (details.current)
			details.current.open = true;
		document.querySelector<HTMLElement>(`.properties ${selector}`)?.focus();
	};
	const free = (run: () => void) => (): void => isClosed ? complain(t('close.is_closed')) : run();
	useKeys(([
		{ keys: 'i', does: 'action.claim', run: free(claiming.take) },
		{ keys: 'a', does: 'action.assign', run: free(() => setChoosing('assignee')) },
		{ keys: 's', does: 'ticket.status', run: free(() => focus('#status')) },
		{ keys: 'p', does: 'ticket.priority', run: free(() => focus('#priority')) },
		...mayMove() ? [{ keys: 'l', does: 'ticket.category', run: free(() => focus('[role=combobox]')) } satisfies Binding] : [],
		{ keys: 'c', does: 'action.close', run: closing.askFirst },
		{ keys: 'e', does: 'action.close', run: closing.askFirst },
		{ keys: 'f', does: own ? 'action.unfollow' : 'action.follow', run: follow },
	] satisfies Binding[]).filter(() => mayWrite() && !isGone));
	const part = { thread, changes, isFixed };
	const parts = (
		<div class="parts">
			<Assignee {...part} onTake={claiming.take} onAssign={() => setChoosing('assignee')} />
			<Status {...part} onClose={closing.close} />
			<Priority {...part} />
			<Category {...part} />
			<Hours {...part} />
			<Followers thread={thread} changes={changes} isGone={isGone} onFollow={follow} onAdd={() => setChoosing('follower')} />
			{!isClosed && !isGone && mayClose(ticket) && (
				<div><button type="button" onClick={closing.close}>{t('action.close')}</button></div>
			)}
			{isClosed && !isGone && mayWrite() && (
				<div><p class="quiet">{t('close.reopen')}</p><p class="buttons"><button type="button" onClick={onReply}>{t('action.reopen')}</button></p></div>
			)}
		</div>
	);
	return (
		<aside class="properties" tabIndex={-1} aria-label={t('ticket.properties')}>
			{isWide ? parts : (
				<details ref={details}>
					<summary>{statusName(ticket.status_id)} · {nameOf(ticket.assigned_id)} · {priorityName(ticket.ticket_priority_id)}</summary>
					{parts}
				</details>
			)}
			{claiming.confirm}
			{closing.confirm}
			{choosing === 'assignee' && <Chooser title={t('action.assign')} label={t('ticket.assignee')} value={ticket.assigned_id}
				onChoose={assign} onClose={() => setChoosing(null)} />}
			{choosing === 'follower' && <Chooser title={t('follower.add')} label={t('follower.name')} value={null}
				onChoose={addFollower} onClose={() => setChoosing(null)} />}
		</aside>
	);
};
