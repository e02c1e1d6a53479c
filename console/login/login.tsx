import { useEffect, useRef, useState } from 'preact/hooks';
import type { Problem } from '../api/client';
import { t } from '../i18n/t';
import { visits } from '../state/router';
import { logIn, logOut, me, session } from '../state/session';
import { Check, Input, Refusal, asProblem } from '../ui/field';
import { Dialog } from '../ui/dialog';

const LoginForm = ({ username, onDone }: { username?: string; onDone?: () => void }) => {
	const [problem, setProblem] = useState<Problem | null>(null);
	const [isBusy, setBusy] = useState(false);
	const form = useRef<HTMLFormElement>(null);
	// Browsers do so by themselves only once for each page.
	useEffect(() => form.current?.querySelector<HTMLInputElement>(`[name=${username ? 'password' : 'username'}]`)?.focus(), []);
	const submit = async (event: Event): Promise<void> => {
		event.preventDefault();
		const fields = new FormData(form.current!);
		setBusy(true);
		setProblem(null);
		try {
			await logIn(String(fields.get('username')).trim(), String(fields.get('password')), fields.has('remember'));
			onDone?.();
		} catch (reason) {
			setProblem(asProblem(reason));
			form.current?.querySelector<HTMLInputElement>('[name=password]')?.select();
		} finally {
			setBusy(false);
		}
	};
	return (
		<form ref={form} onSubmit={submit}>
			{problem?.status === 401 ? <p class="refusal" role="alert">{t('login.wrong')}</p> : <Refusal problem={problem} />}
			<Input label={t('login.username')} name="username" value={username} autoComplete="username" autoCapitalize="none"
				spellcheck={false} required autofocus={!username} />
			<Input label={t('login.password')} name="password" type="password" autoComplete="current-password" required autofocus={!!username} />
			<Check label={t('login.remember')} name="remember" />
			<button class="primary" disabled={isBusy}>{isBusy ? t('login.busy') : t('login.enter')}</button>
		</form>
	);
};

export const LoginPage = () => {
	document.title = `${t('login.title')} – ${session.value!.title}`;
	return (
		<main class="login" id="main">
			<div class="card">
				<h1>{session.value!.title}</h1>
				<LoginForm onDone={() => { visits.value++; }} />
			</div>
		</main>
	);
};

// Over a page whose session ended: nothing below it goes away.
export const LoginDialog = () => (
	<Dialog title={t('login.ended')} onClose={() => {}} insists>
		<p>{t('login.kept')}</p>
		<LoginForm username={me.value?.username} />
		<button type="button" class="plain" onClick={() => void logOut().catch(() => location.reload())}>{t('login.other')}</button>
	</Dialog>
);
