import { spawn } from 'node:child_process';

/**
 * Opens a URL in the user's browser. Resolves to false when there is none, for example on a
 * machine without a screen: the caller then shows the URL and takes the redirect by pasting.
 */
export async function openBrowser(
  url: string,
  environment: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
): Promise<boolean> {
  if (!/^https?:\/\//.test(url)) return false;
  const [command, ...args] = openerOf(platform, environment);
  if (command === undefined) return false;
  return new Promise((resolve) => {
    const child = spawn(command, [...args, url], { stdio: 'ignore', detached: true });
    child.on('error', () => resolve(false));
    child.on('exit', (code) => resolve(code === 0));
    // An opener that stays is the browser itself.
    setTimeout(() => resolve(true), 3_000).unref();
    child.unref();
  });
}

function openerOf(platform: NodeJS.Platform, environment: NodeJS.ProcessEnv): readonly string[] {
  if (platform === 'darwin') return ['open'];
  if (platform === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler'];
  // xdg-open would start a text browser in the terminal that Portolan runs in.
  return environment.DISPLAY || environment.WAYLAND_DISPLAY ? ['xdg-open'] : [];
}
