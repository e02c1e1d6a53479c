import { t } from '../i18n/t';
import { Page } from '../ui/page';
import { Appearance } from './appearance';
import { Password } from './password';
import { Profile } from './profile';
import { Tokens } from './tokens';

const Me = () => (
	<Page title={t('me.title')}>
		<Profile />
		<Appearance />
		<Password />
		<Tokens />
	</Page>
);

export default Me;
