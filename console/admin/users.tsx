import { useState } from 'preact/hooks';
import { ask } from '../api/client';
import type { User } from '../api/types';
import { t } from '../i18n/t';
import { usePeople } from '../people/search';
import { all } from '../state/lookups';
import { mayWrite, me } from '../state/session';
import { say } from '../state/toasts';
import { Dialog } from '../ui/dialog';
import { Input, Refusal, Select } from '../ui/field';
import { Form, type Fields } from '../ui/form';
import { Link } from '../ui/link';
import { attempt, Page, Pager } from '../ui/page';
import { Avatar } from '../ui/person';
import { Removal } from '../ui/removal';
import { Tabs } from './tabs';

type Changed = { does: 'add' } | { does: 'edit' | 'password'; user: User };
type Asked = Changed | { does: 'delete'; user: User };

const TITLES = { add: 'admin.add_user', edit: 'admin.edit_user', password: 'admin.set_password' } as const;

// Rights are those of groups: the groups' own page gives and takes them later.
const join = async (username: string, name: string): Promise<void> => {
	const group = (await all<{ id: number; group_name: string }>('groups/')).find(g => g.group_name === name);
	await ask('POST', `group/${group!.id}/members/`, { body: { username } });
};

// The user is there even if the rights are refused: that is told, and can be tried again where groups are.
const add = async ({ group, ...body }: Fields): Promise<boolean> => {
	await ask('POST', 'users/', { body });
	return !group || attempt(() => join(body.username!, group));
};

const send = async (asked: Changed, body: Fields): Promise<unknown> =>
	asked.does === 'add' ? add(body)
		: asked.does === 'edit' ? ask('PATCH', `user/${asked.user.id}`, { body })
			: ask('PUT', `user/${asked.user.id}/password`, { body });

const UserDialog = ({ asked, onClose, onDone }: { asked: Changed; onClose: () => void; onDone: () => Promise<void> }) => {
	const user = asked.does === 'add' ? null : asked.user;
	return (
		<Dialog title={t(TITLES[asked.does], { name: user?.name ?? '' })} onClose={onClose}>
			<Form submit={t('text.save')} send={async fields => {
				const isWhole = await send(asked, fields);
				await onDone();
				if (isWhole !== false)
					say(t('done.saved'));
				onClose();
			}}>{problem => <>
				{asked.does !== 'password' && <>
					<Input label={t('user.name')} name="name" defaultValue={user?.name ?? ''} required minLength={4} maxLength={60} autoComplete="off" autofocus problem={problem} />
					<Input label={t('user.username')} name="username" defaultValue={user?.username ?? ''} required minLength={4} maxLength={24} autoComplete="off" autoCapitalize="none" hint={t('admin.username_hint')} problem={problem} />
					<Input label={t('user.email')} name="email" inputMode="email" defaultValue={user?.email ?? ''} required maxLength={60} autoComplete="off" problem={problem} />
					<Input label={t('user.job_title')} name="job_title" defaultValue={user?.job_title ?? ''} maxLength={64} autoComplete="off" problem={problem} />
				</>}
				{asked.does !== 'edit' && (
					<Input label={t('me.password_new')} name={asked.does === 'add' ? 'password' : 'new_password'} type="password" required minLength={6} maxLength={60}
						autoComplete="new-password" hint={t('admin.password_hint')} problem={problem} autofocus={asked.does === 'password'} />
				)}
				{asked.does === 'add' && (
					<Select label={t('admin.rights')} name="group" problem={problem}>
						<option value="">{t('admin.rights_none')}</option>
						<option value="super_user">{t('group.of_agents')}</option>
						<option value="flicket_admin">{t('group.of_admins')}</option>
					</Select>
				)}
			</>}</Form>
		</Dialog>
	);
};

const Row = ({ user, onAsk, onDisable }: { user: User; onAsk: (asked: Asked) => void; onDisable: () => void }) => (
	<tr class={user.disabled ? 'disabled' : ''}>
		<td><Link to={`/user/${user.id}`} class="person"><Avatar user={user} /><span class="name">{user.name}</span></Link></td>
		<td>{user.username} {user.disabled && <span class="pill closed">{t('user.disabled')}</span>}</td>
		<td>{user.email}</td><td>{user.groups?.join(', ')}</td>
		<td class="menu">{mayWrite() && <>
			<button type="button" class="plain" aria-label={t('admin.edit_user', { name: user.name })} onClick={() => onAsk({ does: 'edit', user })}>{t('text.edit')}</button>
			<button type="button" class="plain" aria-label={t('admin.password_of', { name: user.name })} onClick={() => onAsk({ does: 'password', user })}>{t('me.password')}</button>
			{user.id !== me.value!.id && <>
				<button type="button" class="plain" aria-label={t(user.disabled ? 'admin.enable_user' : 'admin.disable_user', { name: user.name })}
					onClick={onDisable}>{t(user.disabled ? 'admin.enable' : 'admin.disable')}</button>
				<button type="button" class="plain" aria-label={t('text.delete_named', { name: user.name })} onClick={() => onAsk({ does: 'delete', user })}>{t('text.delete')}</button>
			</>}
		</>}</td>
	</tr>
);

const Users = () => {
	const { list, items, problem, load, text, find, turn } = usePeople('/admin/users', ['groups']);
	const [asked, setAsked] = useState<Asked | null>(null);
	const disable = async (user: User): Promise<void> => {
		if (await attempt(() => ask('PATCH', `user/${user.id}`, { body: { disabled: !user.disabled } }),
			t(user.disabled ? 'done.enabled' : 'done.disabled', { name: user.name })))
			await load();
	};
	return (
		<Page title={t('admin.users')} actions={<>
			<input type="search" aria-label={t('people.find')} placeholder={t('people.find')} value={text} maxLength={100}
				onInput={event => find(event.currentTarget.value)} />
			{mayWrite() && <button type="button" class="primary" onClick={() => setAsked({ does: 'add' })}>{t('admin.add_user')}</button>}
		</>}>
			<Tabs />
			<Refusal problem={problem} again={() => void load()} />
			<p class="quiet" role="status">{list && t('people.total', { n: list._meta.total_items })}</p>
			<div class="scroll" role="region" aria-label={t('admin.users')} tabIndex={0}>
				<table class="plain users" aria-busy={!list && !problem}>
					<caption class="hidden">{t('admin.users')}</caption>
					<thead><tr><th>{t('user.name')}</th><th>{t('user.username')}</th><th>{t('user.email')}</th><th>{t('admin.groups')}</th><th><span class="hidden">{t('admin.actions')}</span></th></tr></thead>
					<tbody>{items.map(user => <Row key={user.id} user={user} onAsk={setAsked} onDisable={() => void disable(user)} />)}</tbody>
				</table>
			</div>
			{list && !items.length && <p class="empty">{t('people.none')}</p>}
			<Pager list={list} onPage={turn} />
			{asked && asked.does !== 'delete' && <UserDialog asked={asked} onClose={() => setAsked(null)} onDone={load} />}
			{asked?.does === 'delete' && <Removal title={t('admin.delete_user')} text={t('delete.text', { name: asked.user.name })} hint={t('admin.delete_hint')}
				remove={() => ask('DELETE', `user/${asked.user.id}`)} onDone={load} onClose={() => setAsked(null)} />}
		</Page>
	);
};

export default Users;
