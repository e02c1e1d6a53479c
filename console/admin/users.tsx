import { useState } from 'preact/hooks';
import { ask, type Problem } from '../api/client';
import type { User } from '../api/types';
import { t } from '../i18n/t';
import { me } from '../state/session';
import { say } from '../state/toasts';
import { asProblem, focusFirstBad, Input, Refusal } from '../ui/field';
import { Confirm, Dialog } from '../ui/dialog';
import { attempt, Page, Pager, useList } from '../ui/page';
import { Avatar } from '../ui/person';
import { Tabs } from './tabs';

type Changed = { does: 'add' } | { does: 'edit' | 'password'; user: User };
type Asked = Changed | { does: 'delete'; user: User };

const TITLES = { add: 'admin.add_user', edit: 'admin.edit_user', password: 'admin.set_password' } as const;

const requestOf = (asked: Changed, fields: Record<string, string>): Promise<unknown> =>
	asked.does === 'add' ? ask('POST', 'users/', { body: fields })
		: asked.does === 'edit' ? ask('PATCH', `user/${asked.user.id}`, { body: fields })
			: ask('PUT', `user/${asked.user.id}/password`, { body: fields });

const UserDialog = ({ asked, onClose, onDone }: { asked: Changed; onClose: () => void; onDone: () => void }) => {
	const [problem, setProblem] = useState<Problem | null>(null);
	const user = asked.does === 'add' ? null : asked.user;
	const submit = async (event: Event): Promise<void> => {
		event.preventDefault();
		const form = event.currentTarget as HTMLFormElement;
		try {
			await requestOf(asked, Object.fromEntries(new FormData(form)) as Record<string, string>);
			say(t('done.saved'));
			onDone();
			onClose();
		} catch (reason) {
			setProblem(asProblem(reason));
			focusFirstBad(form);
		}
	};
	return (
		<Dialog title={t(TITLES[asked.does], { name: user?.name ?? '' })} onClose={onClose}>
			<form onSubmit={submit}>
				<Refusal problem={problem && !problem.field ? problem : null} />
				{asked.does !== 'password' && <>
					<Input label={t('user.name')} name="name" defaultValue={user?.name} required minLength={4} maxLength={60} autofocus problem={problem} />
					<Input label={t('user.username')} name="username" defaultValue={user?.username} required minLength={4} maxLength={24} autoCapitalize="none" problem={problem} />
					<Input label={t('user.email')} name="email" defaultValue={user?.email} required maxLength={60} problem={problem} />
					<Input label={t('user.job_title')} name="job_title" defaultValue={user?.job_title} maxLength={64} problem={problem} />
				</>}
				{asked.does !== 'edit' && (
					<Input label={t('me.password_new')} name={asked.does === 'add' ? 'password' : 'new_password'} type="password" required minLength={6} maxLength={60}
						autoComplete="new-password" hint={t('admin.password_hint')} problem={problem} autofocus={asked.does === 'password'} />
				)}
				<button class="primary">{t('text.save')}</button>
			</form>
		</Dialog>
	);
};

const Users = () => {
	const [text, setText] = useState('');
	const [page, setPage] = useState(1);
	const [asked, setAsked] = useState<Asked | null>(null);
	const request = new URLSearchParams({ sort: 'name', per_page: '50', page: String(page),
		fields: 'id,name,username,email,job_title,avatar,disabled,groups', ...text ? { q: text } : {} });
	const { list, items, problem, load } = useList<User>(`users/?${request}`);
	const disable = async (user: User): Promise<void> => {
		if (await attempt(() => ask('PATCH', `user/${user.id}`, { body: { disabled: !user.disabled } }), t('done.saved')))
			await load();
	};
	const remove = async (user: User): Promise<void> => {
		setAsked(null);
		if (await attempt(() => ask('DELETE', `user/${user.id}`), t('done.saved')))
			await load();
	};
	return (
		<Page title={t('admin.users')} actions={<>
			<input type="search" aria-label={t('people.find')} placeholder={t('people.find')} value={text}
				onInput={event => { setText(event.currentTarget.value); setPage(1); }} />
			<button type="button" class="primary" onClick={() => setAsked({ does: 'add' })}>{t('admin.add_user')}</button>
		</>}>
			<Tabs />
			<Refusal problem={problem} again={() => void load()} />
			<div class="scroll" role="region" aria-label={t('admin.users')} tabIndex={0}>
				<table class="plain" aria-busy={!list}>
					<caption class="hidden">{t('admin.users')}</caption>
					<thead><tr><th>{t('user.name')}</th><th>{t('user.username')}</th><th>{t('user.email')}</th><th>{t('admin.groups')}</th><th><span class="hidden">{t('admin.actions')}</span></th></tr></thead>
					<tbody>{items.map(user => (
						<tr key={user.id} class={user.disabled ? 'disabled' : ''}>
							<td><span class="person"><Avatar user={user} /><span class="name">{user.name}</span></span></td>
							<td>{user.username} {user.disabled && <span class="pill closed">{t('user.disabled')}</span>}</td>
							<td>{user.email}</td><td>{user.groups?.join(', ')}</td>
							<td class="menu">
								<button type="button" onClick={() => setAsked({ does: 'edit', user })}>{t('text.edit')}</button>
								<button type="button" onClick={() => setAsked({ does: 'password', user })}>{t('me.password')}</button>
								{user.id !== me.value!.id && <>
									<button type="button" onClick={() => void disable(user)}>{user.disabled ? t('admin.enable') : t('admin.disable')}</button>
									<button type="button" onClick={() => setAsked({ does: 'delete', user })}>{t('text.delete')}</button>
								</>}
							</td>
						</tr>
					))}</tbody>
				</table>
			</div>
			<Pager list={list} onPage={setPage} />
			{asked && asked.does !== 'delete' && <UserDialog asked={asked} onClose={() => setAsked(null)} onDone={() => void load()} />}
			{asked?.does === 'delete' && <Confirm title={t('admin.delete_user')} text={t('delete.text', { name: asked.user.name })} yes={t('text.delete')}
				onYes={() => void remove(asked.user)} onNo={() => setAsked(null)} />}
		</Page>
	);
};

export default Users;
