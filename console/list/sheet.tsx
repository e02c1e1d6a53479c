// All filters of a list in one dialog; the list changes once, when they are set.
import { useState } from 'preact/hooks';
import { t, type Key } from '../i18n/t';
import { statuses } from '../state/lookups';
import { go } from '../state/router';
import { Dialog } from '../ui/dialog';
import { Input } from '../ui/field';
import { PersonPicker } from '../ui/pickers';
import { CategoryMenu, Menu, PriorityMenu, SortMenu } from './menus';
import { changed, withValues } from './query';

interface Props {
	query: URLSearchParams;
	onClose: () => void;
}

const SOMEBODY = 'somebody';
const isId = (text: string): boolean => /^\d{1,18}$/.test(text);

interface PersonProps {
	label: Key;
	value: string;
	fixed: [string, Key][]; // choices that are no person's id
	onChoose: (value: string) => void;
}

const PersonFilter = ({ label, value, fixed, onChoose }: PersonProps) => {
	const [isChoosing, setChoosing] = useState(isId(value));
	return (
		<div class="field">
			<Menu label={label} value={isChoosing ? SOMEBODY : value} onChoose={chosen => {
				setChoosing(chosen === SOMEBODY);
				onChoose(chosen === SOMEBODY ? '' : chosen);
			}}>
				<option value="">{t('filter.anybody')}</option>
				{fixed.map(([id, name]) => <option key={id} value={id}>{t(name)}</option>)}
				<option value={SOMEBODY}>{t('filter.somebody')}</option>
			</Menu>
			{isChoosing && <PersonPicker label={t('filter.name_of', { name: t(label) })} isLabelHidden value={isId(value) ? Number(value) : null}
				placeholder={t('people.find')} onChoose={user => onChoose(String(user.id))} />}
		</div>
	);
};

const StatusChecks = ({ value, onChange }: { value: string; onChange: (value: string) => void }) => {
	const chosen = new Set(value.split(',').filter(Boolean));
	const toggle = (id: string): void => {
		const next = new Set(chosen);
		if (!next.delete(id))
			next.add(id);
		onChange(statuses.value.map(s => String(s.id)).filter(id => next.has(id)).join(','));
	};
	return (
		<fieldset><legend>{t('ticket.status')}</legend>{statuses.value.map(s => (
			<label key={s.id} class="check"><input type="checkbox" checked={chosen.has(String(s.id))} onChange={() => toggle(String(s.id))} /> {s.status}</label>
		))}</fieldset>
	);
};

const DATES: [string, Key][] = [
	['added_since', 'filter.since'], ['added_before', 'filter.before'],
	['updated_since', 'filter.updated_since'], ['updated_before', 'filter.updated_before'],
];

export const Sheet = ({ query, onClose }: Props) => {
	const [next, setNext] = useState(query);
	const set = (values: Record<string, string>): void => setNext(changed(next, values));
	const value = (name: string): string => next.get(name) ?? '';
	const apply = (event: Event): void => {
		event.preventDefault();
		onClose();
		go(withValues(next, {}));
	};
	return (
		<Dialog title={t('filter.all')} onClose={onClose} wide>
			<form class="sheet" onSubmit={apply}>
				<Input label={t('filter.words')} name="content" value={value('content')} onInput={event => set({ content: event.currentTarget.value })} />
				<SortMenu query={next} set={set} />
				<StatusChecks value={value('status_id')} onChange={status_id => set({ status_id })} />
				<PriorityMenu query={next} set={set} />
				<CategoryMenu query={next} set={set} />
				<PersonFilter label="ticket.assignee" value={value('assigned_id')} fixed={[['me', 'person.me'], ['unassigned', 'person.nobody']]}
					onChoose={assigned_id => set({ assigned_id })} />
				<PersonFilter label="ticket.reporter" value={value('created_id')} fixed={[['me', 'person.me']]} onChoose={created_id => set({ created_id })} />
				{DATES.map(([name, label]) => (
					<Input key={name} label={t(label)} name={name} type="date" value={value(name).slice(0, 10)}
						onChange={event => set({ [name]: event.currentTarget.value })} />
				))}
				<div class="check-row">
					<label class="check"><input type="checkbox" checked={value('subscriber_id') === 'me'}
						onChange={event => set({ subscriber_id: event.currentTarget.checked ? 'me' : '' })} /> {t('filter.followed')}</label>
					<label class="check"><input type="checkbox" checked={value('unread') === 'me'}
						onChange={event => set({ unread: event.currentTarget.checked ? 'me' : '' })} /> {t('filter.unread')}</label>
				</div>
				<div class="actions">
					<button class="primary">{t('filter.show')}</button>
					<button type="button" onClick={() => setNext(new URLSearchParams())}>{t('filter.clear')}</button>
					<button type="button" onClick={onClose}>{t('dialog.cancel')}</button>
				</div>
			</form>
		</Dialog>
	);
};
