// A token is made with the password, so that a session that was left open cannot make one that outlives it.

import { useRef, useState } from 'preact/hooks';
import { ask, Problem } from '../api/client';
import { t } from '../i18n/t';
import { me } from '../state/session';
import { say } from '../state/toasts';
import { Dialog } from '../ui/dialog';
import { asProblem, Check, Input, Select } from '../ui/field';
import { Form, type Fields } from '../ui/form';

const DAYS = [1, 30, 90, 365] as const;
const DAY_SECONDS = 86400;

const basic = (name: string, password: string): string =>
	`Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(`${name}:${password}`)))}`;

const make = async (fields: Fields): Promise<string> => {
	try {
		const { token } = await ask<{ token: string }>('POST', 'tokens', {
			headers: { Authorization: basic(me.value!.username, fields.password!) },
			body: { name: fields.name, scope: fields.read ? 'read' : 'write', expires_in: Number(fields.days) * DAY_SECONDS },
		});
		return token;
	} catch (reason) {
		const problem = asProblem(reason);
		throw problem.status === 401 ? new Problem(400, t('token.wrong_password'), 'wrong_password', 'password') : problem;
	}
};

// Where the page may not write to the clipboard, as without TLS, the browser copies the selected text.
const copy = async (field: HTMLInputElement): Promise<void> => {
	field.focus();
	field.select();
	try {
		await navigator.clipboard.writeText(field.value);
	} catch {
		document.execCommand('copy');
	}
	say(t('done.copied'));
};

const Made = ({ token, onClose }: { token: string; onClose: () => void }) => {
	const field = useRef<HTMLInputElement>(null);
	return (
		<Dialog title={t('token.made')} onClose={onClose} insists>
			<p>{t('token.once')}</p>
			<input ref={field} class="secret" readOnly value={token} aria-label={t('token.made')} onFocus={event => event.currentTarget.select()} />
			<div class="actions">
				<button type="button" class="primary" autofocus onClick={() => void copy(field.current!)}>{t('token.copy')}</button>
				<button type="button" onClick={onClose}>{t('token.kept')}</button>
			</div>
		</Dialog>
	);
};

export const MakeToken = ({ onClose, onMade }: { onClose: () => void; onMade: () => void }) => {
	const [made, setMade] = useState('');
	if (made)
		return <Made token={made} onClose={onClose} />;
	return (
		<Dialog key="make" title={t('token.make')} onClose={onClose}>
			<Form submit={t('token.make')} send={async fields => {
				setMade(await make(fields));
				onMade();
			}}>{problem => <>
				<Input label={t('token.name')} name="name" required maxLength={60} autofocus hint={t('token.name_hint')} problem={problem} />
				<Select label={t('token.life')} name="days" defaultValue="30" problem={problem}>{DAYS.map(n => <option key={n} value={n}>{t('token.days', { n })}</option>)}</Select>
				<Check label={t('token.read')} name="read" />
				<Input label={t('me.password_old')} name="password" type="password" required autoComplete="current-password" problem={problem} />
			</>}</Form>
		</Dialog>
	);
};
