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

// A picture that is missing, as in desks that were taken over without their files, is replaced by initials.
export const Avatar = ({ user }: { user: User | undefined }) => {
	const [isMissing, setMissing] = useState(false);
	if (!user)
		return <span class="avatar none" aria-hidden="true" />;
	if (isMissing || !user.avatar || user.avatar.endsWith(NO_PICTURE))
		return <span class={`avatar hue${user.id % HUES}`} aria-hidden="true">{initials(user.name)}</span>;
	return <img class="avatar" src={local(user.avatar)} alt="" loading="lazy" decoding="async" onError={() => setMissing(true)} />;
};

export const nameOf = (id: number | null): string => id === null ? t('person.nobody') : person(id)?.name ?? `#${id}`;

export const Person = ({ id }: { id: number | null }) => id === null
	? <span class="quiet">{t('person.nobody')}</span>
	: <span class="person"><Avatar key={id} user={person(id)} /><span class="name">{nameOf(id)}</span></span>;
