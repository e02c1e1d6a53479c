import { useState } from 'preact/hooks';
import { t, type Key } from '../i18n/t';
import { closedId, openIds, person, priorities, statuses } from '../state/lookups';
import { go } from '../state/router';
import { saveView } from '../state/views';
import { hasRight } from '../state/session';
import { complain, say } from '../state/toasts';
import { asProblem, Check, explain, Input } from '../ui/field';
import { Dialog } from '../ui/dialog';
import { Icon } from '../ui/icon';
import { CategoryPicker, PersonPicker } from '../ui/pickers';
import { filtersOf, SORTS, sortOf, withValue } from './query';
import { statusName, priorityName } from '../ui/pill';
import { root } from '../api/client';

interface Props {
	query: URLSearchParams;
}

const Choice = ({ query, name, label, children }: Props & { name: string; label: Key; children: preact.ComponentChildren }) => (
	<label class="choice"><span class="hidden">{t(label)}</span>
		<select value={query.get(name) ?? ''} onChange={event => go(withValue(query, name, event.currentTarget.value))}>{children}</select>
	</label>
);

const numbered = (text: string | null): number | null => text && /^\d+$/.test(text) ? Number(text) : null;

// Filters that come less often, behind a button; on a phone all of them.
const More = ({ query, onClose }: Props & { onClose: () => void }) => {
	const set = (name: string, value: string): void => { onClose(); go(withValue(query, name, value)); };
	return (
		<Dialog title={t('filter.more')} onClose={onClose}>
			<PersonPicker label={t('ticket.assignee')} value={numbered(query.get('assigned_id'))} onChoose={user => set('assigned_id', String(user.id))} />
			<PersonPicker label={t('ticket.reporter')} value={numbered(query.get('created_id'))} onChoose={user => set('created_id', String(user.id))} />
			<CategoryPicker value={numbered(query.get('category_id'))} onChoose={id => set('category_id', String(id))} />
			<Input label={t('filter.since')} name="added_since" type="date" value={query.get('added_since') ?? ''}
				onChange={event => set('added_since', event.currentTarget.value)} />
			<Input label={t('filter.before')} name="added_before" type="date" value={query.get('added_before') ?? ''}
				onChange={event => set('added_before', event.currentTarget.value)} />
		</Dialog>
	);
};

const SaveView = ({ query, onClose }: Props & { onClose: () => void }) => {
	const submit = async (event: Event): Promise<void> => {
		event.preventDefault();
		const fields = new FormData(event.currentTarget as HTMLFormElement);
		try {
			await saveView(String(fields.get('name')), filtersOf(query).toString(), fields.has('shared'));
			say(t('view.was_saved'));
			onClose();
		} catch (reason) {
			complain(explain(asProblem(reason)));
		}
	};
	return (
		<Dialog title={t('view.save')} onClose={onClose}>
			<form onSubmit={submit}>
				<Input label={t('view.name')} name="name" required maxLength={60} autofocus />
				{hasRight('staff') && <Check label={t('view.shared')} name="shared" />}
				<button class="primary">{t('view.save')}</button>
			</form>
		</Dialog>
	);
};

const nameOf = (value: string): string =>
	value === 'me' ? t('person.me') : value === 'unassigned' ? t('person.nobody') : person(Number(value))?.name ?? `#${value}`;

const words: Record<string, (value: string) => string> = {
	status_id: value => value.split(',').map(id => statusName(Number(id))).join(', '),
	ticket_priority_id: value => value.split(',').map(id => priorityName(Number(id))).join(', '),
	assigned_id: nameOf,
	created_id: nameOf,
	subscriber_id: nameOf,
};

const CHIPS: Record<string, Key> = {
	assigned_id: 'ticket.assignee', created_id: 'ticket.reporter', subscriber_id: 'ticket.followers', category_id: 'ticket.category',
	department_id: 'ticket.department', added_since: 'filter.since', added_before: 'filter.before', content: 'search.label', unread: 'ticket.unread',
};

// Each filter that no menu shows, with a button that drops it.
export const Chips = ({ query }: Props) => {
	const shown = [...query].filter(([name]) => name in CHIPS);
	return shown.length === 0 ? null : (
		<ul class="chips" aria-label={t('filter.active')}>{shown.map(([name, value]) => (
			<li key={name}>
				<span>{t(CHIPS[name]!)}: <b>{(words[name] ?? (v => v))(value)}</b></span>
				<button type="button" class="plain" aria-label={t('filter.drop', { name: t(CHIPS[name]!) })} onClick={() => go(withValue(query, name, ''))}>
					<Icon name="close" />
				</button>
			</li>
		))}</ul>
	);
};

export const Filters = ({ query }: Props) => {
	const [shown, setShown] = useState<'more' | 'save' | null>(null);
	const open = openIds.value.join(',');
	return (
		<div class="filters">
			<Choice query={query} name="status_id" label="ticket.status">
				<option value="">{t('filter.any_status')}</option>
				{closedId.value > 0 && <option value={open}>{t('filter.open')}</option>}
				{statuses.value.map(s => <option key={s.id} value={s.id}>{s.status}</option>)}
			</Choice>
			<Choice query={query} name="ticket_priority_id" label="ticket.priority">
				<option value="">{t('filter.any_priority')}</option>
				{priorities.value.map(p => <option key={p.id} value={p.id}>{p.priority}</option>)}
			</Choice>
			<label class="choice"><span class="hidden">{t('sort.label')}</span>
				<select value={sortOf(query)} onChange={event => go(withValue(query, 'sort', event.currentTarget.value))}>
					{query.has('content') && <option value="relevance">{t('sort.relevance')}</option>}
					{SORTS.map(sort => <option key={sort} value={sort}>{t(`sort.${sort}`)}</option>)}
				</select>
			</label>
			<button type="button" onClick={() => setShown('more')}>{t('filter.more')}</button>
			<button type="button" onClick={() => setShown('save')}>{t('view.save')}</button>
			<a class="button" href={`${root}flicket-api/tickets.csv?${filtersOf(query)}`} download="tickets.csv">CSV</a>
			{shown === 'more' && <More query={query} onClose={() => setShown(null)} />}
			{shown === 'save' && <SaveView query={query} onClose={() => setShown(null)} />}
		</div>
	);
};
