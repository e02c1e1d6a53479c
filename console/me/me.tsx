import { t } from '../i18n/t';
import { mayWrite } from '../state/session';
import { Page } from '../ui/page';
import { Appearance } from './appearance';
import { Password } from './password';
import { Profile } from './profile';
import { Tokens } from './tokens';

const Me = () => (
	<Page title={t('me.title')}>
		{mayWrite() ? <Profile /> : <p class="quiet">{t('problem.read_only')}</p>}
		<Appearance />
		{mayWrite() && <Password />}
		<Tokens />
	</Page>
);

export default Me;
