import { memo } from 'preact/compat';
import type { Ticket } from '../api/types';
import { t } from '../i18n/t';
import { categories } from '../state/lookups';
import { Snippet } from '../text/snippet';
import { Link } from '../ui/link';
import { nameOf, Person } from '../ui/person';
import { PriorityBars, StatusPill } from '../ui/pill';
import { Time } from '../ui/time';

interface Props {
	ticket: Ticket;
	isSelected: boolean;
	isSearch: boolean;
	onSelect: (id: number, toThis: boolean) => void;
}

const LONG_PRESS_MS = 500;

const categoryName = (id: number): string => categories.value.find(c => c.category_id === id)?.department_category ?? '';

// A finger that rests on a row selects it; one that moves scrolls the page.
let press = 0;
const endPress = (): void => clearTimeout(press);
const swallow = (click: Event): void => { click.preventDefault(); click.stopPropagation(); };
const beginPress = (event: PointerEvent, select: () => void): void => {
	endPress();
	if (event.pointerType !== 'touch')
		return;
	press = window.setTimeout(() => {
		// a click of this press would open the ticket; browsers need not send one
		addEventListener('click', swallow, { capture: true, once: true });
		addEventListener('pointerdown', () => removeEventListener('click', swallow, { capture: true }), { capture: true, once: true });
		select();
	}, LONG_PRESS_MS);
};

const Detail = ({ ticket, isSearch }: Pick<Props, 'ticket' | 'isSearch'>) => {
	if (ticket.snippet)
		return Snippet({ text: ticket.snippet });
	return (
		<span class="category" dir="auto">{isSearch && `${t('search.in_reply')} · `}{categoryName(ticket.category_id)}
			<span class="by"> · <bdi>{nameOf(ticket.started_id)}</bdi></span></span>
	);
};

// Its parts are called, not mounted: a component for each of them costs more than what it draws.
export const Row = memo(({ ticket, isSelected, isSearch, onSelect }: Props) => (
	<tr data-id={ticket.id} class={`${isSelected ? 'selected' : ''} ${ticket.unread ? 'unread' : ''}`}
		onPointerDown={event => beginPress(event, () => onSelect(ticket.id, false))}
		onPointerUp={endPress} onPointerCancel={endPress} onPointerMove={event => (event.movementX || event.movementY) && endPress()}
		onContextMenu={event => (event as unknown as PointerEvent).pointerType === 'touch' && event.preventDefault()}>
		<td class="select">
			<label><input type="checkbox" id={`c${ticket.id}`} checked={isSelected} aria-label={t('list.select', { id: String(ticket.id) })}
				onClick={event => onSelect(ticket.id, event.shiftKey)} /></label>
		</td>
		<td class="bars">{PriorityBars({ id: ticket.ticket_priority_id })}</td>
		<td class="number id">{ticket.id}</td>
		<td class="what">
			<Link id={`t${ticket.id}`} class="ticket" to={`/ticket/${ticket.id}`}>
				<bdi>{ticket.title}</bdi>{ticket.unread && <span class="hidden"> ({t('ticket.unread')})</span>}
			</Link>
			{Detail({ ticket, isSearch })}
		</td>
		<td class="status">{StatusPill({ id: ticket.status_id })}</td>
		<td class="people wide">{Person({ id: ticket.assigned_id })}</td>
		<td class="people wider">{Person({ id: ticket.started_id })}</td>
		<td class="number replies wide">{ticket.replies || ''}</td>
		<td class="number when">{Time({ at: ticket.last_updated ?? ticket.date_added })}</td>
	</tr>
));
