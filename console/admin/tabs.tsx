import { t } from '../i18n/t';
import { pathOf, place } from '../state/router';
import { Link } from '../ui/link';

const tabs = [
	{ to: '/admin/users', name: 'admin.users' },
	{ to: '/admin/groups', name: 'admin.groups' },
	{ to: '/admin/settings', name: 'admin.settings' },
] as const;

export const Tabs = () => (
	<nav class="tabs" aria-label={t('place.admin')}>{tabs.map(tab => (
		<Link key={tab.to} to={tab.to} aria-current={pathOf(place.value) === tab.to ? 'page' : undefined}>{t(tab.name)}</Link>
	))}</nav>
);
