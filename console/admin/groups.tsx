import { useState } from 'preact/hooks';
import { ask } from '../api/client';
import type { User } from '../api/types';
import { t } from '../i18n/t';
import { begin, mayWrite } from '../state/session';
import { say } from '../state/toasts';
import { Dialog } from '../ui/dialog';
import { Input, Refusal } from '../ui/field';
import { Form } from '../ui/form';
import { Icon } from '../ui/icon';
import { attempt, Page, Pager, useList } from '../ui/page';
import { Avatar } from '../ui/person';
import { PersonPicker } from '../ui/pickers';
import { Removal } from '../ui/removal';
import { Tabs } from './tabs';

interface Group {
	id: number;
	group_name: string;
	total_members: number;
}

// The groups that give rights; they cannot be renamed or deleted.
const RIGHTS = { flicket_admin: 'group.of_admins', super_user: 'group.of_agents' } as const;
const rightsOf = (group: Group) => RIGHTS[group.group_name as keyof typeof RIGHTS] as typeof RIGHTS[keyof typeof RIGHTS] | undefined;

const Members = ({ group, onChange }: { group: Group; onChange: () => Promise<void> }) => {
	const [page, setPage] = useState(1);
	const { list, items, problem, load } = useList<User>(`group/${group.id}/members/?per_page=50&page=${page}`);
	const run = async (what: () => Promise<unknown>): Promise<void> => {
		if (await attempt(what, t('done.saved')))
			await Promise.all([load(), onChange(), begin()]); // one's own rights, too
	};
	return (
		<div aria-busy={!list && !problem}>
			<Refusal problem={problem} again={() => void load()} />
			<ul class="followers">{items.map(user => (
				<li key={user.id}><span class="person"><Avatar user={user} /><span class="name">{user.name}</span></span>
					{mayWrite() && <button type="button" class="plain" aria-label={t('group.remove', { name: user.name })}
						onClick={() => void run(() => ask('DELETE', `group/${group.id}/member/${user.id}`))}><Icon name="close" /></button>}</li>
			))}</ul>
			<Pager list={list} onPage={setPage} />
			{mayWrite() && <PersonPicker label={t('group.add_member')} value={null}
				onChoose={user => void run(() => ask('POST', `group/${group.id}/members/`, { body: { username: user.username } }))} />}
		</div>
	);
};

const NameDialog = ({ group, onClose, onDone }: { group: Group | null; onClose: () => void; onDone: () => Promise<void> }) => (
	<Dialog title={t(group ? 'group.rename' : 'group.add')} onClose={onClose}>
		<Form submit={t('text.save')} send={async body => {
			await (group ? ask('PATCH', `group/${group.id}`, { body }) : ask('POST', 'groups/', { body }));
			await onDone();
			say(t('done.saved'));
			onClose();
		}}>{problem => (
			<Input label={t('user.name')} name="group_name" defaultValue={group?.group_name ?? ''} required minLength={3} maxLength={64} autofocus problem={problem} />
		)}</Form>
	</Dialog>
);

type Asked = { does: 'name'; group: Group | null } | { does: 'delete'; group: Group };

const Section = ({ group, isShown, onShow, onAsk, onChange }: {
	group: Group; isShown: boolean; onShow: () => void; onAsk: (asked: Asked) => void; onChange: () => Promise<void>;
}) => {
	const rights = rightsOf(group);
	return (
		<section class="department" aria-label={group.group_name}>
			<header>
				<h2><button type="button" class="plain" aria-expanded={isShown} onClick={onShow}>
					<Icon name={isShown ? 'down' : 'right'} /> {group.group_name}</button></h2>
				<span class="count">{t('group.members', { n: group.total_members })}</span>
				{!rights && mayWrite() && (
					<span class="menu">
						<button type="button" class="plain" aria-label={t('text.rename_named', { name: group.group_name })}
							onClick={() => onAsk({ does: 'name', group })}>{t('text.rename')}</button>
						<button type="button" class="plain" aria-label={t('text.delete_named', { name: group.group_name })}
							onClick={() => onAsk({ does: 'delete', group })}>{t('text.delete')}</button>
					</span>
				)}
			</header>
			<p class="quiet">{t(rights ?? 'group.of_others')}</p>
			{isShown && <Members group={group} onChange={onChange} />}
		</section>
	);
};

const Groups = () => {
	const [page, setPage] = useState(1);
	const { list, items, problem, load } = useList<Group>(`groups/?per_page=50&page=${page}`);
	const [shown, setShown] = useState<number | null>(null);
	const [asked, setAsked] = useState<Asked | null>(null);
	return (
		<Page title={t('admin.groups')} actions={mayWrite() && <button type="button" class="primary" onClick={() => setAsked({ does: 'name', group: null })}>{t('group.add')}</button>}>
			<Tabs />
			<Refusal problem={problem} again={() => void load()} />
			<div aria-busy={!list && !problem}>{items.map(group => (
				<Section key={group.id} group={group} isShown={shown === group.id} onAsk={setAsked} onChange={load}
					onShow={() => setShown(shown === group.id ? null : group.id)} />
			))}</div>
			<Pager list={list} onPage={setPage} />
			{asked?.does === 'name' && <NameDialog group={asked.group} onClose={() => setAsked(null)} onDone={load} />}
			{asked?.does === 'delete' && <Removal title={t('group.delete')} text={t('delete.text', { name: asked.group.group_name })}
				remove={() => ask('DELETE', `group/${asked.group.id}`)} onDone={load} onClose={() => setAsked(null)} />}
		</Page>
	);
};

export default Groups;
