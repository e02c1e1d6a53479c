import { useRef, useState } from 'preact/hooks';
import { ask, type Problem } from '../api/client';
import { languages, speak, t } from '../i18n/t';
import { meet } from '../state/lookups';
import { begin, me, session } from '../state/session';
import { say } from '../state/toasts';
import { asProblem, focusFirstBad, Input, Refusal, Select } from '../ui/field';
import { attempt } from '../ui/page';
import { Avatar } from '../ui/person';

const nameOfLanguage = (code: string): string => new Intl.DisplayNames([code], { type: 'language' }).of(code) ?? code;

const Picture = () => {
	const file = useRef<HTMLInputElement>(null);
	const put = async (picture: File | undefined): Promise<void> => {
		if (picture && await attempt(() => ask('PUT', 'user/me/avatar', { body: picture, headers: { 'Content-Type': picture.type } }), t('done.saved'))) {
			await begin();
			meet([me.value!]);
		}
	};
	return (
		<div class="profile">
			<Avatar key={me.value!.avatar} user={me.value!} />
			<button type="button" onClick={() => file.current!.click()}>{t('me.picture')}</button>
			<small class="quiet">{t('me.picture_hint', { mb: (session.value!.limits.avatar_bytes / (1 << 20)).toFixed(0) })}</small>
			<input ref={file} type="file" hidden accept="image/png,image/jpeg,image/gif" onChange={event => void put(event.currentTarget.files?.[0])} />
		</div>
	);
};

export const Profile = () => {
	const [problem, setProblem] = useState<Problem | null>(null);
	const user = me.value!;
	const submit = async (event: Event): Promise<void> => {
		event.preventDefault();
		const form = event.currentTarget as HTMLFormElement;
		const fields = Object.fromEntries(new FormData(form)) as Record<string, string>;
		try {
			await ask('PATCH', 'user/me', { body: fields });
			setProblem(null);
			await begin();
			await speak(fields.locale!);
			meet([me.value!]);
			say(t('done.saved'));
		} catch (reason) {
			setProblem(asProblem(reason));
			focusFirstBad(form);
		}
	};
	return (
		<section>
			<h2>{t('me.profile')}</h2>
			<Picture />
			<form onSubmit={submit}>
				<Refusal problem={problem && !problem.field ? problem : null} />
				<Input label={t('user.name')} name="name" defaultValue={user.name} required minLength={4} maxLength={60} autoComplete="name" problem={problem} />
				<Input label={t('user.email')} name="email" type="text" inputMode="email" defaultValue={user.email} required maxLength={60} autoComplete="email" problem={problem} />
				<Input label={t('user.job_title')} name="job_title" defaultValue={user.job_title} maxLength={64} autoComplete="organization-title" problem={problem} />
				<Select label={t('me.language')} name="locale" defaultValue={user.locale?.slice(0, 2) ?? 'en'} problem={problem}>
					{languages.map(code => <option key={code} value={code} lang={code}>{nameOfLanguage(code)}</option>)}
				</Select>
				<button class="primary">{t('text.save')}</button>
			</form>
		</section>
	);
};
