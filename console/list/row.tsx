import { memo } from 'preact/compat';
import type { Ticket } from '../api/types';
import { t } from '../i18n/t';
import { categories } from '../state/lookups';
import { Snippet } from '../text/snippet';
import { Link } from '../ui/link';
import { Person } from '../ui/person';
import { PriorityBars, StatusPill } from '../ui/pill';
import { Time } from '../ui/time';

interface Props {
	ticket: Ticket;
	isSelected: boolean;
	onSelect: (id: number, toThis: boolean) => void;
	revision: number; // grows when names and lists that a row shows have come
}

const categoryName = (id: number): string => categories.value.find(c => c.category_id === id)?.department_category ?? '';

export const Row = memo(({ ticket, isSelected, onSelect }: Props) => (
	<tr class={`${isSelected ? 'selected' : ''} ${ticket.unread ? 'unread' : ''}`}>
		<td class="select">
			<input type="checkbox" checked={isSelected} aria-label={t('list.select', { id: String(ticket.id) })}
				onClick={event => onSelect(ticket.id, event.shiftKey)} />
		</td>
		<td class="bars"><PriorityBars id={ticket.ticket_priority_id} /></td>
		<td class="number id">{ticket.id}</td>
		<td class="what">
			<Link id={`t${ticket.id}`} class="ticket" to={`/ticket/${ticket.id}`}>
				{ticket.title}{ticket.unread && <span class="hidden"> ({t('ticket.unread')})</span>}
			</Link>
			{ticket.snippet ? <Snippet text={ticket.snippet} /> : <span class="category">{categoryName(ticket.category_id)}</span>}
		</td>
		<td class="status"><StatusPill id={ticket.status_id} /></td>
		<td class="people wide"><Person id={ticket.assigned_id} /></td>
		<td class="people wide"><Person id={ticket.started_id} /></td>
		<td class="number wide">{ticket.replies || ''}</td>
		<td class="number when"><Time at={ticket.last_updated ?? ticket.date_added} /></td>
	</tr>
));
