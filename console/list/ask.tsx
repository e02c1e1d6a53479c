// The question before a change of tickets, where there is a choice or no way back.
import type { Ticket } from '../api/types';
import { t, type Key } from '../i18n/t';
import { closedId, priorities, statuses } from '../state/lookups';
import { Confirm, Dialog } from '../ui/dialog';
import { CategoryPicker, PersonPicker } from '../ui/pickers';
import { priorityName, statusName } from '../ui/pill';
import { assign, claim, close, restoreAssignee, restoreCategory, restorePriority, restoreStatus, setCategory, setPriority, setStatus, type Act } from './change';
import { categoryName } from './words';

export type What = 'claim' | 'assign' | 'status' | 'priority' | 'category' | 'close';

export const LABELS: Record<What, Key> = {
	claim: 'bulk.claim', assign: 'action.assign', status: 'bulk.status', priority: 'bulk.priority', category: 'bulk.category', close: 'bulk.close',
};

const TITLES: Record<What, Key> = {
	claim: 'bulk.claim', assign: 'ticket.assignee', status: 'ticket.status', priority: 'ticket.priority', category: 'ticket.category', close: 'bulk.closing',
};

const claiming = (n: number): Act => ({ name: t('bulk.claim', { n }), run: claim, undo: restoreAssignee });
const closing = (n: number): Act => ({ name: t('bulk.close', { n }), run: close });

// Some changes need no question: tickets are claimed at once, and a single one is closed at once.
export const actAtOnce = (what: What, count: number): Act | null =>
	what === 'claim' ? claiming(count) : what === 'close' && count === 1 ? closing(count) : null;

interface Props {
	what: What;
	count: number;
	ticket: Ticket | undefined; // if it is one
	onAct: (act: Act) => void;
	onClose: () => void;
}

const Choices = ({ choices, now, onChoose }: { choices: { id: number; name: string }[]; now: number | undefined; onChoose: (id: number) => void }) => (
	<div class="choices">{choices.map(({ id, name }, i) => (
		<button key={id} type="button" class={id === now ? 'now' : ''} aria-current={id === now ? true : undefined} autofocus={now === undefined ? i === 0 : id === now}
			onClick={() => onChoose(id)}>{name}</button>
	))}</div>
);

// The arrows go from choice to choice, as in a menu.
const byArrows = (event: KeyboardEvent): void => {
	const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
	const all = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>('.choices button')];
	const at = all.indexOf(document.activeElement as HTMLElement);
	if (step === 0 || at === -1)
		return;
	event.preventDefault();
	all[(at + step + all.length) % all.length]!.focus();
};

export const Ask = ({ what, count, ticket, onAct, onClose }: Props) => {
	const does = t(TITLES[what], { n: count });
	const title = ticket ? `#${ticket.id}: ${does}` : t('bulk.ask', { what: does, n: count });
	if (what === 'close' || what === 'claim')
		return <Confirm title={title} text={t(what === 'close' ? 'bulk.close_text' : 'bulk.claim_text', { n: count })} yes={t(LABELS[what], { n: count })}
			onYes={() => onAct(what === 'close' ? closing(count) : claiming(count))} onNo={onClose} />;
	return (
		<Dialog title={title} onClose={onClose}>
			<div onKeyDown={byArrows}>
				{what === 'assign' && <PersonPicker label={t('ticket.assignee')} value={ticket?.assigned_id ?? null} autofocus
					onChoose={user => onAct({ name: t('bulk.assigned', { name: user.name, n: count }), run: assign(user), undo: restoreAssignee })} />}
				{what === 'status' && <Choices choices={statuses.value.filter(s => s.id !== closedId.value).map(s => ({ id: s.id, name: s.status }))} now={ticket?.status_id}
					onChoose={id => onAct({ name: statusName(id), run: setStatus(id), undo: restoreStatus })} />}
				{what === 'priority' && <Choices choices={priorities.value.map(p => ({ id: p.id, name: p.priority }))} now={ticket?.ticket_priority_id}
					onChoose={id => onAct({ name: priorityName(id), run: setPriority(id), undo: restorePriority })} />}
				{what === 'category' && <CategoryPicker value={ticket?.category_id ?? null} autofocus
					onChoose={id => onAct({ name: categoryName(id), run: setCategory(id), undo: restoreCategory })} />}
			</div>
		</Dialog>
	);
};
