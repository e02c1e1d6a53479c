// The filters of a list in words.

import { get } from '../api/client';
import type { User } from '../api/types';
import { perLanguage, t, type Key } from '../i18n/t';
import { categories, departments, meet, person } from '../state/lookups';
import { named, priorityName, statusName } from '../ui/pill';
import { filtersOf } from './query';

const PEOPLE = ['assigned_id', 'created_id', 'user_id', 'subscriber_id'];

const NAMES: Record<string, Key> = {
	status_id: 'ticket.status', status: 'ticket.status', ticket_priority_id: 'ticket.priority', assigned_id: 'ticket.assignee',
	created_id: 'ticket.reporter', user_id: 'filter.person', subscriber_id: 'ticket.followers', category_id: 'ticket.category',
	category: 'ticket.category', department_id: 'ticket.department', department: 'ticket.department', added_since: 'filter.since',
	added_before: 'filter.before', updated_since: 'filter.updated_since', updated_before: 'filter.updated_before', content: 'filter.words',
	unread: 'ticket.unread',
};

const personName = (value: string): string =>
	value === 'me' ? t('person.me') : value === 'unassigned' ? t('person.nobody') : named(id => person(id)?.name ?? `#${id}`)(value);
export const categoryName = (id: number): string => categories.value.find(c => c.category_id === id)?.department_category ?? `#${id}`;
const departmentName = (id: number): string => departments.value.find(d => d.id === id)?.department ?? `#${id}`;
const days = perLanguage(locale => new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: 'UTC' }));
const day = (value: string): string => Number.isNaN(Date.parse(value)) ? value : days().format(new Date(value));

const VALUES: Record<string, (value: string) => string> = {
	status_id: named(statusName), ticket_priority_id: named(priorityName),
	category_id: named(categoryName), department_id: named(departmentName),
	added_since: day, added_before: day, updated_since: day, updated_before: day, unread: personName,
};

const valueOf = (name: string, value: string): string => {
	if (name === 'content')
		return value;
	const of = PEOPLE.includes(name) ? personName : VALUES[name] ?? (text => text);
	return value.split(',').map(of).join(', ');
};

export interface Filter {
	name: string;
	label: string;
	value: string;
}

export const labelOf = (name: string): string => name in NAMES ? t(NAMES[name]!) : name;

export const filtersInWords = (query: URLSearchParams): Filter[] =>
	[...filtersOf(query)].map(([name, value]) => ({ name, label: labelOf(name), value: valueOf(name, value) }));

// Asks for the people that the filters name and the console does not know yet.
export const meetNamed = (query: URLSearchParams): void => PEOPLE.forEach(name => {
	for (const id of (query.get(name) ?? '').split(','))
		if (/^\d{1,18}$/.test(id) && !person(Number(id)))
			get<User>(`user/${id}`).then(user => meet([user]), () => {});
});
