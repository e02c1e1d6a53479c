// The most frequent filters, as menus above the list.
import type { ComponentChildren } from 'preact';
import { t, type Key } from '../i18n/t';
import { categories, closedId, departments, openIds, priorities, statuses } from '../state/lookups';
import { named, priorityName, statusName } from '../ui/pill';
import { SORTS, sortOf } from './query';

export const IN_MENUS = ['status_id', 'ticket_priority_id', 'category_id', 'department_id'];

interface Props {
	query: URLSearchParams;
	set: (values: Record<string, string>) => void;
	isLabelHidden?: boolean;
}

interface MenuProps extends Pick<Props, 'isLabelHidden'> {
	label: Key;
	value: string;
	onChoose: (value: string) => void;
	children: ComponentChildren;
}

export const Menu = ({ label, value, onChoose, isLabelHidden, children }: MenuProps) => (
	<label class="choice"><span class={isLabelHidden ? 'hidden' : ''}>{t(label)}</span>
		<select value={value} onChange={event => onChoose(event.currentTarget.value)}>{children}</select>
	</label>
);

// Several values, which a menu of single ones does not have, are one more choice.
const Several = ({ value, among, nameOf }: { value: string; among: string[]; nameOf: (id: number) => string }) =>
	value === '' || among.includes(value) ? null
		: <option value={value}>{value.split(',').map(named(nameOf)).join(', ')}</option>;

export const StatusMenu = ({ query, set, isLabelHidden }: Props) => {
	const open = openIds.value.join(','), value = query.get('status_id') ?? '';
	return (
		<Menu label="ticket.status" value={value} isLabelHidden={isLabelHidden} onChoose={status_id => set({ status_id })}>
			<option value="">{t('filter.any_status')}</option>
			{closedId.value > 0 && <option value={open}>{t('filter.open')}</option>}
			{statuses.value.map(s => <option key={s.id} value={s.id}>{s.status}</option>)}
			<Several value={value} among={[open, ...statuses.value.map(s => String(s.id))]} nameOf={statusName} />
		</Menu>
	);
};

export const PriorityMenu = ({ query, set, isLabelHidden }: Props) => {
	const value = query.get('ticket_priority_id') ?? '';
	return (
		<Menu label="ticket.priority" value={value} isLabelHidden={isLabelHidden} onChoose={ticket_priority_id => set({ ticket_priority_id })}>
			<option value="">{t('filter.any_priority')}</option>
			{priorities.value.map(p => <option key={p.id} value={p.id}>{p.priority}</option>)}
			<Several value={value} among={priorities.value.map(p => String(p.id))} nameOf={priorityName} />
		</Menu>
	);
};

// A department or one of its categories: «d» and «c» before the id tell them apart.
export const CategoryMenu = ({ query, set, isLabelHidden }: Props) => {
	const category = query.get('category_id') ?? '', department = query.get('department_id') ?? '';
	return (
		<Menu label="ticket.category" value={category ? `c${category}` : department ? `d${department}` : ''} isLabelHidden={isLabelHidden}
			onChoose={value => set({ category_id: value.startsWith('c') ? value.slice(1) : '', department_id: value.startsWith('d') ? value.slice(1) : '' })}>
			<option value="">{t('filter.any_category')}</option>
			{departments.value.map(d => (
				<optgroup key={d.id} label={d.department}>
					<option value={`d${d.id}`}>{t('filter.whole_department', { name: d.department })}</option>
					{categories.value.filter(c => c.department_id === d.id).map(c => <option key={c.category_id} value={`c${c.category_id}`}>{c.category}</option>)}
				</optgroup>
			))}
		</Menu>
	);
};

export const SortMenu = ({ query, set, isLabelHidden }: Props) => {
	const sort = sortOf(query), isKnown = sort === 'relevance' || SORTS.some(known => known === sort);
	return (
		<Menu label="sort.label" value={sort} isLabelHidden={isLabelHidden} onChoose={sort => set({ sort })}>
			{query.get('content') && <option value="relevance">{t('sort.relevance')}</option>}
			{SORTS.map(known => <option key={known} value={known}>{t(`sort.${known}`)}</option>)}
			{!isKnown && <option value={sort}>{sort}</option>}
		</Menu>
	);
};
