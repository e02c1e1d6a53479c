import { useRef, useState } from 'preact/hooks';
import { ask, type Problem } from '../api/client';
import { languages, speak, t } from '../i18n/t';
import { meet } from '../state/lookups';
import { begin, me, session } from '../state/session';
import { say } from '../state/toasts';
import { asProblem, Input, Refusal, Select } from '../ui/field';
import { Form } from '../ui/form';
import { Avatar } from '../ui/person';

const MIB = 1 << 20;
const KINDS = ['image/png', 'image/jpeg', 'image/gif'];

// In its own words: users who look for their language may not read the page's.
const nameOfLanguage = (code: string): string => {
	const name = new Intl.DisplayNames([code], { type: 'language' }).of(code) ?? code;
	return name.charAt(0).toLocaleUpperCase(code) + name.slice(1);
};

const refresh = async (): Promise<void> => {
	await begin();
	meet([me.value!]);
};

// Says before the file is sent that the desk would refuse it.
const refusalOf = (picture: File, most: number): string =>
	!KINDS.includes(picture.type) ? t('me.picture_kind', { name: picture.name })
		: picture.size > most ? t('file.too_large', { name: picture.name, mb: Math.round(most / MIB) }) : '';

const Picture = () => {
	const file = useRef<HTMLInputElement>(null);
	const [refusal, setRefusal] = useState('');
	const [problem, setProblem] = useState<Problem | null>(null);
	const most = session.value!.limits.avatar_bytes;
	const put = async (picture: File): Promise<void> => {
		const no = refusalOf(picture, most);
		setRefusal(no);
		setProblem(null);
		if (no)
			return;
		try {
			await ask('PUT', 'user/me/avatar', { body: picture, headers: { 'Content-Type': picture.type } });
			await refresh();
			say(t('done.saved'));
		} catch (reason) {
			setProblem(asProblem(reason));
		}
	};
	return (
		<>
			<div class="profile">
				<Avatar key={me.value!.avatar} user={me.value!} />
				<button type="button" aria-describedby="picture-hint" onClick={() => file.current!.click()}>{t('me.picture')}</button>
				<small id="picture-hint" class="quiet">{t('me.picture_hint', { mb: Math.round(most / MIB) })}</small>
				<input ref={file} type="file" hidden accept={KINDS.join()} onChange={event => {
					const picture = event.currentTarget.files?.[0];
					event.currentTarget.value = ''; // so that the same file can be chosen again
					if (picture)
						void put(picture);
				}} />
			</div>
			{refusal && <p class="refusal" role="alert">{refusal}</p>}
			<Refusal problem={problem} />
		</>
	);
};

export const Profile = () => {
	const user = me.value!;
	return (
		<section aria-labelledby="profile">
			<h2 id="profile">{t('me.profile')}</h2>
			<Picture />
			<Form submit={t('text.save')} send={async body => {
				await ask('PATCH', 'user/me', { body });
				await refresh();
				await speak(body.locale!);
				say(t('done.saved'));
			}}>{problem => <>
				<Input label={t('user.name')} name="name" defaultValue={user.name} required minLength={4} maxLength={60} autoComplete="name" problem={problem} />
				<Input label={t('user.email')} name="email" type="text" inputMode="email" defaultValue={user.email} required maxLength={60} autoComplete="email" problem={problem} />
				<Input label={t('user.job_title')} name="job_title" defaultValue={user.job_title ?? ''} maxLength={64} autoComplete="organization-title" problem={problem} />
				<Select label={t('me.language')} name="locale" defaultValue={user.locale?.slice(0, 2) ?? 'en'} problem={problem}>
					{languages.map(code => <option key={code} value={code} lang={code}>{nameOfLanguage(code)}</option>)}
				</Select>
			</>}</Form>
		</section>
	);
};
