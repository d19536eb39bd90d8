// A gateway that is killed: starts a probe in the box that it is told, says so, and waits. With
// `polite` as the last argument its server leaves at the end of its input.
import { type BoxName, carrierOf, setUpBox } from '../support/boxes.ts';
import { probePlan, startProbe } from '../support/probe.ts';

const [box, runDir, network, manner] = process.argv.slice(2) as [
  BoxName | 'none',
  string,
  string,
  string | undefined,
];
const setup =
  box === 'none' ? { entry: {}, options: { isolation: 'none' as const } } : await setUpBox(box);
const permissions = network
  ? { network: { allow: [`localhost:${network}`] } }
  : { network: 'none' as const };
const probe = await startProbe(probePlan({ ...setup.entry, permissions }), {
  ...setup.options,
  runDir,
});
if (manner !== 'polite') await probe.call('ignore_end');
process.stdout.write(`${carrierOf(probe.channel, runDir)}\n`);
setInterval(() => {}, 1_000);
