// The side of a ticket: who has it, how it stands, who follows it. Each control is one request.

import { useState } from 'preact/hooks';
import { ask } from '../api/client';
import { t } from '../i18n/t';
import { categories, closedId, priorities, statuses } from '../state/lookups';
import { useKeys, type Binding } from '../state/keys';
import { me } from '../state/session';
import { complain, say } from '../state/toasts';
import { assign, claim, close, setPriority, setStatus } from '../list/bulk';
import { asProblem, explain } from '../ui/field';
import { Confirm, Dialog } from '../ui/dialog';
import { Icon } from '../ui/icon';
import { nameOf, Person } from '../ui/person';
import { CategoryPicker, PersonPicker } from '../ui/pickers';
import type { Thread } from './data';
import { mayClose, mayMove, mayRelease, mayUnfollow, mayWrite } from './rights';

interface Props {
	thread: Thread;
	onChange: () => Promise<void>;
}

// A ticket that somebody else has is taken away only when that is said.
const useClaim = (thread: Thread, run: (what: () => Promise<unknown>, done: string) => void) => {
	const [isAsking, setAsking] = useState(false);
	const { id, assigned_id: assigned } = thread.ticket;
	const done = t('done.claimed', { id: String(id) });
	const take = (): void => assigned === null || assigned === me.value!.id ? run(() => claim(id), done) : setAsking(true);
	const confirm = isAsking && (
		<Confirm title={t('action.claim')} text={t('claim.text', { name: nameOf(assigned) })} yes={t('claim.yes')} onNo={() => setAsking(false)}
			onYes={() => { setAsking(false); run(() => ask('POST', `ticket/${id}/claim`, { body: { force: true } }), done); }} />
	);
	return { take, confirm };
};

export const Properties = ({ thread, onChange }: Props) => {
	const { ticket, subscriptions } = thread;
	const [isAssigning, setAssigning] = useState(false);
	const [isAdding, setAdding] = useState(false);
	const run = (what: () => Promise<unknown>, done: string): void => {
		what().then(async () => { await onChange(); say(done); }, reason => complain(explain(asProblem(reason))));
	};
	const { take, confirm } = useClaim(thread, run);
	const isClosed = ticket.status_id === closedId.value;
	const own = subscriptions.find(s => s.user_id === me.value!.id);
	const follow = (): void => own
		? run(() => ask('DELETE', `subscription/${own.id}`), t('done.unfollowed'))
		: run(() => ask('POST', 'subscriptions', { body: { ticket_id: ticket.id, user_id: me.value!.id } }), t('done.followed'));
	const shut = (): void => run(() => close(ticket.id), t('done.closed', { id: String(ticket.id) }));
	const focus = (id: string) => (): void => document.getElementById(id)?.focus();
	useKeys(([
		{ keys: 'i', does: 'action.claim', run: take },
		{ keys: 'a', does: 'action.assign', run: () => setAssigning(true) },
		{ keys: 's', does: 'ticket.status', run: focus('status') },
		{ keys: 'p', does: 'ticket.priority', run: focus('priority') },
		{ keys: 'e', does: 'action.close', run: shut },
		{ keys: 'f', does: own ? 'action.unfollow' : 'action.follow', run: follow },
	] satisfies Binding[]).filter(() => mayWrite()));
	const isFixed = isClosed || !mayWrite();
	const category = categories.value.find(c => c.category_id === ticket.category_id);
	return (
		<aside class="properties" aria-label={t('ticket.properties')}>
			<div>
				<h2>{t('ticket.assignee')}</h2>
				<p><Person id={ticket.assigned_id} /></p>
				{!isFixed && <p class="buttons">
					{ticket.assigned_id !== me.value!.id && <button type="button" onClick={take}>{t('action.claim')}</button>}
					<button type="button" onClick={() => setAssigning(true)}>{t('action.assign')}</button>
					{ticket.assigned_id !== null && mayRelease(ticket) && (
						<button type="button" onClick={() => run(() => ask('POST', `ticket/${ticket.id}/release`, { body: {} }), t('done.released'))}>{t('action.release')}</button>
					)}
				</p>}
			</div>
			<label for="status"><h2>{t('ticket.status')}</h2>
				<select id="status" value={ticket.status_id} disabled={isFixed} onChange={event => {
					const status = Number(event.currentTarget.value);
					status === closedId.value ? shut() : run(() => setStatus(status)(ticket.id), t('done.saved'));
				}}>{statuses.value.filter(s => s.id !== closedId.value || isClosed || mayClose(ticket)).map(s => <option key={s.id} value={s.id}>{s.status}</option>)}</select>
			</label>
			<label for="priority"><h2>{t('ticket.priority')}</h2>
				<select id="priority" value={ticket.ticket_priority_id} disabled={isFixed}
					onChange={event => { const priority = Number(event.currentTarget.value); run(() => setPriority(priority)(ticket.id), t('done.saved')); }}>
					{priorities.value.map(p => <option key={p.id} value={p.id}>{p.priority}</option>)}
				</select>
			</label>
			<div>
				{mayMove() && !isFixed
					? <CategoryPicker value={ticket.category_id}
						onChoose={id => run(() => ask('POST', `ticket/${ticket.id}/category`, { body: { category_id: id } }), t('done.saved'))} />
					: <><h2>{t('ticket.category')}</h2><p>{category?.department_category ?? `#${ticket.category_id}`}</p></>}
			</div>
			{Number(ticket.hours) > 0 && <div><h2>{t('ticket.hours')}</h2><p>{ticket.hours}</p></div>}
			<div>
				<h2>{t('ticket.followers')}</h2>
				<ul class="followers">{subscriptions.map(s => (
					<li key={s.id}><Person id={s.user_id} />
						{mayUnfollow(s.user_id) && s.user_id !== me.value!.id && (
							<button type="button" class="plain" aria-label={t('follower.remove', { name: nameOf(s.user_id) })}
								onClick={() => run(() => ask('DELETE', `subscription/${s.id}`), t('done.saved'))}><Icon name="close" /></button>
						)}</li>
				))}</ul>
				{mayWrite() && <p class="buttons">
					<button type="button" onClick={follow}>{own ? t('action.unfollow') : t('action.follow')}</button>
					<button type="button" onClick={() => setAdding(true)}>{t('follower.add')}</button>
				</p>}
			</div>
			{!isClosed && mayClose(ticket) && <div><button type="button" onClick={shut}>{t('action.close')}</button></div>}
			{confirm}
			{isAssigning && (
				<Dialog title={t('action.assign')} onClose={() => setAssigning(false)}>
					<PersonPicker label={t('ticket.assignee')} value={ticket.assigned_id} autofocus
						onChoose={user => { setAssigning(false); run(() => assign(user)(ticket.id), t('done.assigned', { name: user.name })); }} />
				</Dialog>
			)}
			{isAdding && (
				<Dialog title={t('follower.add')} onClose={() => setAdding(false)}>
					<PersonPicker label={t('ticket.followers')} value={null} autofocus onChoose={user => {
						setAdding(false);
						run(() => ask('POST', 'subscriptions', { body: { ticket_id: ticket.id, user_id: user.id } }), t('done.saved'));
					}} />
				</Dialog>
			)}
		</aside>
	);
};
