import { get } from '../api/client';
import type { List, User } from '../api/types';
import { t } from '../i18n/t';
import { categories, meet, person } from '../state/lookups';
import { me } from '../state/session';
import { Combobox, type Option } from './combobox';
import { Avatar } from './person';

const MOST = 20;

const asOption = (user: User): Option => ({
	id: user.id, name: user.name, detail: user.username, picture: <Avatar user={user} />,
});

export const findPeople = async (text: string, signal?: AbortSignal): Promise<User[]> => {
	const query = new URLSearchParams({ q: text, per_page: String(MOST), sort: 'name', disabled: 'false' });
	if (text.trim() === '')
		query.delete('q');
	const found = (await get<List<User>>(`users/?${query}`, signal)).items;
	meet(found);
	return found;
};

interface PersonProps {
	label: string;
	value: number | null;
	onChoose: (user: User) => void;
	placeholder?: string;
	isLabelHidden?: boolean;
	autofocus?: boolean;
}

// The user stands first, as people assign most tickets to themselves.
export const PersonPicker = ({ value, onChoose, ...rest }: PersonProps) => {
	const find = async (text: string, signal: AbortSignal): Promise<Option[]> => {
		const found = await findPeople(text, signal);
		const self = text.trim() === '' && me.value ? [me.value] : [];
		meet(self);
		return [...self, ...found.filter(user => user.id !== self[0]?.id)].map(asOption);
	};
	const chosen = person(value);
	return <Combobox {...rest} value={chosen ? asOption(chosen) : null} find={find}
		onChoose={option => onChoose(person(option.id)!)} />;
};

interface CategoryProps {
	value: number | null;
	onChoose: (id: number) => void;
	isLabelHidden?: boolean;
	autofocus?: boolean;
	problem?: string;
}

const plain = (text: string): string => text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();

const categoryOption = (id: number | null): Option | null => {
	const found = categories.value.find(c => c.category_id === id);
	return found ? { id: found.category_id, name: found.category, detail: found.department } : null;
};

export const CategoryPicker = ({ value, onChoose, ...rest }: CategoryProps) => {
	const find = (text: string): Option[] => {
		const words = plain(text).split(/\s+/).filter(Boolean);
		return categories.value
			.filter(c => words.every(word => plain(c.department_category).includes(word)))
			.map(c => categoryOption(c.category_id)!);
	};
	return <Combobox {...rest} label={t('ticket.category')} required placeholder={t('category.find')} value={categoryOption(value)}
		find={find} onChoose={option => onChoose(option.id)} />;
};
