import { useState } from 'preact/hooks';
import { local } from '../api/client';
import type { User } from '../api/types';
import { t } from '../i18n/t';
import { person } from '../state/lookups';

const HUES = 8;
const NO_PICTURE = '__default_profile.png';

const initials = (name: string): string => {
	const words = name.trim().split(/\s+/);
	const letters = words.length > 1 ? [words[0]!, words.at(-1)!] : words;
	return letters.map(word => [...word][0] ?? '').join('').toUpperCase();
};

const initialsOf = (user: User) => <span class={`avatar hue${user.id % HUES}`} aria-hidden="true">{initials(user.name)}</span>;

// A picture that is missing, as in desks that were taken over without their files, is replaced by initials.
const Picture = ({ user }: { user: User }) => {
	const [isMissing, setMissing] = useState(false);
	return isMissing ? initialsOf(user)
		: <img class="avatar" src={local(user.avatar)} alt="" loading="lazy" decoding="async" onError={() => setMissing(true)} />;
};

export const Avatar = ({ user }: { user: User | undefined }) => {
	if (!user)
		return <span class="avatar none" aria-hidden="true" />;
	return !user.avatar || user.avatar.endsWith(NO_PICTURE) ? initialsOf(user) : <Picture key={user.avatar} user={user} />;
};

export const nameOf = (id: number | null): string => id === null ? t('person.nobody') : person(id)?.name ?? `#${id}`;

export const Person = ({ id }: { id: number | null }) => id === null
	? <span class="quiet">{t('person.nobody')}</span>
	: <span class="person">{Avatar({ user: person(id) })}<span class="name">{nameOf(id)}</span></span>;
