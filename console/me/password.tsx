import { ask } from '../api/client';
import { t } from '../i18n/t';
import { me } from '../state/session';
import { say } from '../state/toasts';
import { Input } from '../ui/field';
import { Form } from '../ui/form';

export const Password = () => (
	<section aria-labelledby="password">
		<h2 id="password">{t('me.password')}</h2>
		<Form submit={t('me.password_set')} send={async (body, form) => {
			await ask('PUT', 'user/me/password', { body });
			form.reset();
			say(t('done.password'));
		}}>{problem => <>
			<input type="text" hidden readOnly autoComplete="username" value={me.value!.username} />
			<Input label={t('me.password_old')} name="password" type="password" required maxLength={60} autoComplete="current-password" problem={problem} />
			<Input label={t('me.password_new')} name="new_password" type="password" required minLength={6} maxLength={60} autoComplete="new-password"
				hint={t('me.password_hint')} problem={problem} />
		</>}</Form>
	</section>
);
