import type { Config } from '#kernel/config/config'
import type { SettingRule } from '#kernel/config/configuration'
import type { SettingsOf } from '#kernel/config/setting'
import { AuthSettings } from './auth-settings.ts'
import { OAuthSettings } from './oauth-settings.ts'

/** The settings of people's accounts, and of the authorization server. */
export const accessSettings = { auth: AuthSettings, oauth: OAuthSettings }

export type AccessConfig = SettingsOf<typeof accessSettings> & Pick<Config, 'server' | 'limits'>

/** An external authorization server requires PUBLIC_URL, and https in production. */
export const issuerRule: SettingRule<AccessConfig> = ({ oauth, server }, wrong) => {
  if (oauth.issuer === undefined) return
  if (server.publicUrl === undefined) {
    wrong(['server', 'publicUrl'], 'the URL of this server, which the tokens of OAUTH_ISSUER name as their audience')
  }
  const isHere = ['localhost', '127.0.0.1', '[::1]'].includes(new URL(oauth.issuer).hostname)
  if (oauth.issuer.startsWith('http:') && !isHere && server.environment === 'production') {
    wrong(['oauth', 'issuer'], 'an https URL in production')
  }
}
