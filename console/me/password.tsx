import { useState } from 'preact/hooks';
import { ask, type Problem } from '../api/client';
import { t } from '../i18n/t';
import { say } from '../state/toasts';
import { asProblem, focusFirstBad, Input, Refusal } from '../ui/field';
import { me } from '../state/session';

export const Password = () => {
	const [problem, setProblem] = useState<Problem | null>(null);
	const submit = async (event: Event): Promise<void> => {
		event.preventDefault();
		const form = event.currentTarget as HTMLFormElement;
		try {
			await ask('PUT', 'user/me/password', { body: Object.fromEntries(new FormData(form)) });
			setProblem(null);
			form.reset();
			say(t('done.password'));
		} catch (reason) {
			setProblem(asProblem(reason));
			focusFirstBad(form);
		}
	};
	return (
		<section>
			<h2>{t('me.password')}</h2>
			<form onSubmit={submit}>
				<Refusal problem={problem && !problem.field ? problem : null} />
				<input type="hidden" autoComplete="username" value={me.value!.username} />
				<Input label={t('me.password_old')} name="password" type="password" required autoComplete="current-password" problem={problem} />
				<Input label={t('me.password_new')} name="new_password" type="password" required minLength={6} maxLength={60} autoComplete="new-password"
					hint={t('me.password_hint')} problem={problem} />
				<button class="primary">{t('me.password_set')}</button>
			</form>
		</section>
	);
};
